"""The id of an artwork may omit the collection if it stays unambiguous."""

from pathlib import Path

import numpy as np
import pytest

from artsim.archive import Archive, UserError
from jobs.neighbors import job as neighbors
from jobs.walk import job as walk
from tests.made import CLOSED, add_features, make_archive

_IDS = ["a:Diego_Rivera_65", "a:2", "a:both", "b:both", "b:3", "b:part:4", "a:4", "b:x.jpg"]


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    folder: Path = tmp_path_factory.mktemp("ids")
    archive = make_archive(folder / "archive", _IDS, rights={"a:2": CLOSED})
    rng = np.random.default_rng(1)
    add_features(archive, "dots", {image_id: rng.normal(size=4) for image_id in _IDS})
    return archive


def _asked(archive: Archive, *ids: str, rights: str = "all") -> list[str]:
    options = ["--archive", archive.uri, "--features", "dots", "--k", "2", "--rights", rights]
    return [answer["query"] for answer in neighbors.run([*options, "--id", *ids])["queries"]]


def test_an_id_without_its_collection_is_completed(archive: Archive) -> None:
    for short, full in (("Diego_Rivera_65", "a:Diego_Rivera_65"), ("part:4", "b:part:4"), ("4", "a:4")):
        assert _asked(archive, short) == _asked(archive, full) == [full]
    assert _asked(archive, "3", "b:3", "x.jpg") == ["b:3", "b:x.jpg"]
    ends = ["--from", "Diego_Rivera_65", "--to", "3", "--steps", "1"]
    way = walk.run(["--archive", archive.uri, "--features", "dots", *ends])["walk"]
    assert (way[0]["id"], way[-1]["id"]) == ("a:Diego_Rivera_65", "b:3")


def test_what_is_not_clear_is_asked_back(archive: Archive) -> None:
    with pytest.raises(UserError, match="both: ambiguous; use one of a:both, b:both"):
        _asked(archive, "both")
    for unknown in ("Rivera_65", "c:3", "iego_Rivera_65", "", ":3"):
        with pytest.raises(UserError, match="no such id in the catalog"):
            _asked(archive, unknown)
    with pytest.raises(UserError, match=r"a:2 is not public \(rights: "):
        _asked(archive, "2", rights="public")
    with pytest.raises(UserError, match="must differ from --from"):
        walk.run(["--archive", archive.uri, "--features", "dots", "--from", "3", "--to", "b:3"])
