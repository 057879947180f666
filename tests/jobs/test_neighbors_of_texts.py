"""``jobs.neighbors --text``: the artworks whose image vectors are nearest to the vector of a text."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from artsim.archive import Archive, UserError
from jobs.neighbors import job
from tests.made import CLOSED, add_features, make_archive, named, vectors_of
from tests.vision.tiny_clip import TINY, add_tiny_features, register, text_vector

_IDS = named(12)
_TEXTS = ("red boats at night", "a horse")


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    """Every third artwork is protected; the last has no image."""
    folder = tmp_path_factory.mktemp("texts")
    rights = dict.fromkeys(_IDS[::3], CLOSED)
    with pytest.MonkeyPatch.context() as patch:
        register(folder, patch)
        archive = make_archive(folder / "archive", _IDS, rights=rights, pictures={_IDS[-1]: None})
        add_tiny_features(archive)
        add_features(archive, "dots", {one: [float(n), 1.0] for n, one in enumerate(_IDS)})
        yield archive


def _run(archive: Archive, *arguments: str, features: str = TINY) -> dict[str, Any]:
    return job.run(["--archive", archive.uri, "--features", features, *arguments])


def _naive(archive: Archive, text: str, k: int, sign: int = 1, without: tuple[str, ...] = ()) -> list[str]:
    wanted = text_vector(text)
    distances = {one: 1 - float(vector @ wanted) for one, vector in vectors_of(archive, TINY).items()}
    return sorted(distances.keys() - set(without), key=lambda one: sign * distances[one])[:k]


def test_the_nearest_and_the_farthest_of_each_text(archive: Archive, tmp_path: Path) -> None:
    sheet = tmp_path / "texts.png"
    report = _run(archive, "--text", *_TEXTS, "--k", "4", "--picture", str(sheet))
    assert [answer["query"] for answer in report["queries"]] == [*_TEXTS]
    for answer in report["queries"]:
        assert [entry["id"] for entry in answer["neighbors"]] == _naive(archive, answer["query"], 4)
        assert 0 < answer["neighbors"][0]["distance"] < 2
    assert (report["rows_in"], report["rows_out"], report["rows_failed"]) == (2, 8, 0)
    with Image.open(sheet) as image:
        head = np.asarray(image.convert("L"))[64:254, 36:226]
    assert (head < 100).any(), "the text is in the picture"
    (answer,) = _run(archive, "--text", _TEXTS[0], "--k", "4", "--farthest")["queries"]
    assert [entry["id"] for entry in answer["neighbors"]] == _naive(archive, _TEXTS[0], 4, sign=-1)


def test_protected_artworks_are_left_out(archive: Archive) -> None:
    (answer,) = _run(archive, "--text", _TEXTS[0], "--k", "50", "--rights", "public")["queries"]
    assert [entry["id"] for entry in answer["neighbors"]] == _naive(archive, _TEXTS[0], 50, without=(*_IDS[::3],))


def test_a_text_beside_an_artwork_and_a_hostile_text(archive: Archive, tmp_path: Path) -> None:
    hostile = "<script>\u202e \x1b[31m 葛飾北斎 " + "x" * 200
    report = _run(archive, "--id", _IDS[1], "--text", hostile, "--k", "2", "--picture", str(tmp_path / "two.png"))
    assert [answer["query"] for answer in report["queries"]] == [_IDS[1], hostile]
    json.dumps(report)


@pytest.mark.parametrize(
    ("features", "arguments", "message"),
    [
        (TINY, ["--text", " "], "--text: empty"),
        (TINY, ["--text", "x" * 301], "301 characters, the limit is 300"),
        ("dots", ["--text", "boats"], "--features dots: its network reads no texts"),
        (f"{TINY}:3", ["--text", "boats"], "a text needs one feature, without a PCA"),
        (TINY, ["--text", "boats", "--all"], "leave out --id, --image, --text and --picture"),
        (TINY, ["--text", "boats", "--rerank", "local"], "leave out --rerank or --text"),
    ],
)
def test_user_errors(archive: Archive, features: str, arguments: list[str], message: str) -> None:
    with pytest.raises(UserError, match=message) as caught:
        _run(archive, *arguments, features=features)
    assert "\n" not in str(caught.value)


@pytest.mark.slow
def test_features_that_a_job_extracted(tmp_path: Path) -> None:
    """The workers on Ray have the same untrained image tower as the text tower that is loaded here."""
    from artsim.extract.outside_images import Describer
    from jobs.extract import job as extract

    archive = make_archive(tmp_path / "archive", named(4))
    name = "open_clip.ViT-S-32"
    report = extract.run(["--archive", archive.uri, "--backbones", name, "--weights", "random", "--exact"])
    assert report["features"][name]["dimension"] == 384
    images = {row["id"]: row["bytes"] for rows in archive.table("images").scan() for row in rows.to_pylist()}
    described = dict(zip(images, Describer(archive, [name])(images)[0], strict=True))
    for one, vector in vectors_of(archive, name).items():
        assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)
        assert vector == pytest.approx(described[one], abs=1e-5)
    (answer,) = _run(archive, "--text", "red boats", "--k", "4", features=name)["queries"]
    assert len(answer["neighbors"]) == 4
