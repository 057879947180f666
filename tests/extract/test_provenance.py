"""JSON files that describe features and collections: damaged ones are reported before Ray starts."""

import json
from pathlib import Path
from typing import Any

import pytest

from artsim.archive import Archive, UserError
from artsim.sources.ingestion.file_roots import roots
from jobs.extract import job as extract
from tests.made import make_archive, named

_ABOUT = {
    "name": "resnet18",
    "backbone": "resnet18",
    "network": "resnet18",
    "dimension": 512,
    "input": {"size": 224},
    "weights": "random",
    "weights_from": "random",
    "weights_hash": "0123456789abcdef",
    "exact": False,
}


@pytest.fixture(autouse=True)
def _no_ray(monkeypatch: pytest.MonkeyPatch) -> None:
    def connect(**_: object) -> None:
        raise AssertionError("Ray was started")

    monkeypatch.setattr("artsim.runtime.connect", connect)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    return make_archive(tmp_path_factory.mktemp("about"), named(3), shards=1, part_rows=3)


def _damaged(keys: dict[str, Any]) -> list[str | None]:
    """Returns damaged contents of a JSON file that should have these keys; None means a folder in its place."""
    without = [json.dumps({key: value for key, value in keys.items() if key != gone}) for gone in keys]
    wrong = [json.dumps({**keys, key: [[1]] if not isinstance(keys[key], list) else 1}) for key in keys]
    return ["", "{", "[]", "3", "{}", "[" * 99_999, *without, *wrong, None]


def _put(path: Path, content: str | None) -> None:
    if path.is_dir():
        path.rmdir()
    path.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.mkdir() if content is None else path.write_text(content)


def _extract(archive: Archive) -> None:
    extract.run(["--archive", archive.uri, "--backbones", "resnet18", "--weights", "random"])


def test_damaged_features_are_named(archive: Archive) -> None:
    path = Path(archive.uri, "features/resnet18/_about.json")
    needed = {key: value for key, value in _ABOUT.items() if key != "name"}
    for content in _damaged(needed):
        _put(path, content)
        with pytest.raises(UserError, match=r"features/resnet18/_about\.json") as caught:
            _extract(archive)
        assert "\n" not in str(caught.value)
    _put(path, json.dumps(_ABOUT))
    with pytest.raises(AssertionError, match="Ray was started"):
        _extract(archive)


def test_features_that_a_model_wrote_are_not_taken_for_a_backbones(archive: Archive) -> None:
    _put(Path(archive.uri, "features/resnet18/_about.json"), json.dumps({"name": "resnet18", "model_hash": "abc"}))
    with pytest.raises(UserError, match="features/resnet18 was written by a model"):
        _extract(archive)


def test_a_damaged_note_of_a_collection_is_named(archive: Archive) -> None:
    for content in _damaged({"locations": ["here"], "roots": []}):
        _put(Path(archive.uri, "catalog/_sources/made.json"), content)
        with pytest.raises(UserError, match=r"_sources/made\.json"):
            roots(archive, "made")
