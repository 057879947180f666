"""Searches by text on the page: the artworks of a naive search, and refusals."""

import contextlib
from collections.abc import Iterator
from urllib.parse import quote

import numpy as np
import pytest
from starlette.testclient import TestClient

from artsim.archive import Archive
from artsim.web import texts
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


def test_hostile_texts_are_only_words(client: TestClient) -> None:
    hostile = ("<script>alert(1)</script>", "\0\x1b[31m boats", "\u202egnp", "%c3%28", "<end_of_text>" * 20, "x" * 300)
    for text in hostile:
        answer = client.get("/api/text-to-image", params={"text": text, "k": 3})
        assert answer.status_code == 200 and len(answer.json()) == 3, text
        assert "script" not in answer.text
    assert len(_found(client, "text=%ff%fe&k=3")) == 3


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
        assert client.get("/api/text-to-image?text=boats").status_code == 503
    monkeypatch.setattr(turns, "_seconds", 0.01)
    with turns.turn():
        assert client.get("/api/text-to-image?text=boats").status_code == 503
    assert client.get("/api/text-to-image?text=boats").status_code == 200


def test_the_text_tower_is_loaded_once(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    _found(client, "text=boats")
    monkeypatch.setattr("artsim.vision.weights.load_image_text", None)
    assert _found(client, "text=another")
