"""Searches by text on the page: the artworks of a naive search, and refusals."""

import contextlib
from collections.abc import Iterator
from unittest import mock
from urllib.parse import quote

import numpy as np
import pytest
from starlette.testclient import TestClient

from artsim.archive import Archive, UserError
from artsim.web import texts
from artsim.web.texts import Texts
from artsim.web.uploads import Uploads
from tests.made import jpeg
from tests.vision.tiny_clip import TINY, add_tiny_features, register, text_vector
from tests.web.conftest import COUNT, IDS, PROTECTED, STYLES, client_of

_TEXT = "red boats at night"


@pytest.fixture(scope="module")
def vectors(shown: Archive, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[int, np.ndarray]]:
    """The vectors of the artworks by their numbers; artwork 6 has no image."""
    with pytest.MonkeyPatch.context() as patch:
        register(tmp_path_factory.mktemp("config"), patch)
        yield {IDS.index(one): vector for one, vector in add_tiny_features(shown).items()}


@pytest.fixture(scope="module")
def client(vectors: dict[int, np.ndarray], shown: Archive) -> TestClient:
    return client_of(shown)


def _naive(vectors: dict[int, np.ndarray], text: str, k: int, allowed: set[int] | None = None) -> list[int]:
    wanted = text_vector(text)
    distances = {n: 1 - float(vector @ wanted) for n, vector in vectors.items() if allowed is None or n in allowed}
    return sorted(distances, key=lambda n: distances[n])[:k]


def _found(client: TestClient, query: str) -> list[int]:
    answer = client.get(f"/api/text-to-image?{query}")
    assert answer.status_code == 200, answer.text
    return [hit["n"] for hit in answer.json()]


def test_the_nearest_are_those_of_a_naive_search(client: TestClient, vectors: dict[int, np.ndarray]) -> None:
    assert client.get("/api/archive").json()["text_features"] == [TINY]
    for text in (_TEXT, "a horse", f"  {_TEXT} "):
        assert _found(client, f"text={quote(text)}&k=9") == _naive(vectors, text.strip(), 9)
    cubist = {n for n in range(COUNT) if STYLES[n % 4] == "Cubism"}
    found = _found(client, f"text={quote(_TEXT)}&k=50&filter=style:Cubism&features={TINY}")
    assert found == _naive(vectors, _TEXT, 50, cubist)


def test_the_json_of_a_view_has_them(client: TestClient, vectors: dict[int, np.ndarray]) -> None:
    view = client.get("/view.json", params={"text": _TEXT, "filter": "style:Realism", "features": "tiny"}).json()
    realist = {n for n in range(COUNT) if STYLES[n % 4] == "Realism"}
    assert [hit["n"] for hit in view["looking_like"]] == _naive(vectors, _TEXT, 100, realist)


def test_protected_artworks_are_left_out(shown: Archive, vectors: dict[int, np.ndarray]) -> None:
    public = client_of(shown, rights="public")
    numbers = _found(public, "text=boats&k=1000")
    ids = [record["id"] for record in public.get(f"/api/artworks?n={','.join(map(str, numbers))}").json()]
    allowed = {n for n in range(COUNT) if IDS[n] not in PROTECTED}
    assert ids == [IDS[n] for n in _naive(vectors, "boats", 1000, allowed)]


def test_hostile_texts_are_only_words(client: TestClient, vectors: dict[int, np.ndarray]) -> None:
    hostile = ("<script>alert(1)</script>", "\0\x1b[31m boats", "\u202egnp", "%c3%28", "<end_of_text>" * 20, "x" * 300)
    for text in hostile:
        answer = client.get("/api/text-to-image", params={"text": text, "k": 3})
        assert answer.status_code == 200, text
        assert [hit["n"] for hit in answer.json()] == _naive(vectors, " ".join(text.replace("\0", " ").split()), 3), (
            text
        )
    assert _found(client, "text=%ff%fe&k=3") == _naive(vectors, "\ufffd\ufffd", 3)


@pytest.mark.parametrize(
    "query", ["", "text=", "text=%20%00", f"text={'x' * 301}", "text=a&k=0", "text=a&k=1001", "text=a&features=tiny",
              "text=a&features=../catalog", "text=a&filter=nonsense:1"]
)  # fmt: skip
def test_requests_that_make_no_sense_are_refused(client: TestClient, query: str) -> None:
    answer = client.get(f"/api/text-to-image?{query}")
    assert answer.status_code == 400 and answer.json()["error"]


def test_texts_beyond_the_places_and_the_time_are_refused(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = client.app.state.site.result()  # type: ignore[attr-defined]
    turns = loaded.texts._turns
    with contextlib.ExitStack() as stack:
        for _ in range(texts._WAITING):
            stack.enter_context(turns.place())
        assert client.get("/api/text-to-image?text=ships").status_code == 503
    monkeypatch.setattr(turns, "_seconds", 0.01)
    with turns.turn():
        assert client.get("/api/text-to-image?text=ships").status_code == 503
    assert client.get("/api/text-to-image?text=ships").status_code == 200
    with turns.turn():  # the vector of a text is remembered
        assert client.get("/api/text-to-image?text=ships").status_code == 200


def test_the_text_tower_is_loaded_once(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    _found(client, "text=boats")
    monkeypatch.setattr("artsim.vision.weights.load_image_text", None)
    assert _found(client, "text=another")


def test_a_request_downloads_no_weights(client: TestClient, shown: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    name = "open_clip.ViT-B-32.laion2b_s34b_b79k"
    about = shown.read_json(f"features/{TINY}/_about.json")
    shown.write_json(f"features/{name}/_about.json", about | {"backbone": name, "network": name, "weights": None})
    monkeypatch.setattr("artsim.vision.hub.cached", lambda repository, files: False)
    monkeypatch.setattr("artsim.vision.hub.missing", lambda network, torchvision: None)
    asked: list[str] = []
    monkeypatch.setattr("artsim.vision.image_text.from_hub", asked.append)
    try:
        other = client_of(shown)
        assert other.get("/api/archive").json()["text_features"] == [TINY]
        assert other.get(f"/api/text-to-image?text=boats&features={name}").status_code == 400
        for search in (Texts(shown), Uploads(shown)):
            with pytest.raises(UserError, match="nothing is downloaded here"):
                search("boats", name) if isinstance(search, Texts) else search(jpeg(), [name])
        assert not asked
    finally:
        shown.store.remove(f"features/{name}")


def test_a_feature_that_describes_no_texts_is_tried_once(shown: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[str] = []

    def describer(archive: Archive, name: str, *, download: bool) -> None:
        tried.append(name)
        raise UserError("no weights")

    monkeypatch.setattr("artsim.extract.outside_texts.TextDescriber", describer)
    search = Texts(shown)
    for text in ("boats", "a horse"):
        with pytest.raises(UserError, match="no weights"):
            search(text, TINY)
    assert tried == [TINY]


def test_a_view_without_image_text_features_has_its_other_parts(shown: Archive) -> None:
    with mock.patch("artsim.web.site.reads_text", return_value=False):
        view = client_of(shown).get("/view.json?text=boats").json()
    assert view["total"] == COUNT and "no features of an image-text network" in view["looking_like"]["error"]
