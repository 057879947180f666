"""Tests of ``jobs.status``: reporting the contents of an archive, and deletion."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from artsim.annotations.annotations import add_annotations, read_annotations
from artsim.archive import CATALOG, IMAGES, Archive, UserError
from artsim.pictures.thumbnails import thumbnail_jpegs
from jobs.status import job
from tests.made import add_features, make_archive, named

IDS = named(20)


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    """Twenty artworks: two images failed, and four other artworks have no vector yet."""
    pictures = {IDS[3]: None, IDS[4]: None}
    archive = make_archive(tmp_path / "archive", IDS, pictures=pictures)
    add_features(archive, "dots", {artwork_id: [1.0, float(index)] for index, artwork_id in enumerate(IDS[5:-1])})
    for annotator in ("anna", "ben"):
        add_annotations(archive, annotator, [IDS[:9], IDS[5:14]], "random")
    archive.write_json("models/eye/card.json", {"scores": {"verification": {"seen": False, "after": _SCORE}}})
    archive.write_json("models/broken/card.json", [])
    archive.write_json(
        f"{archive.new_report('toy')}.json",
        {"job": "toy", "seconds": 1.5, "rows_in": 3, "rows_out": 2, "rows_failed": 1},
    )
    return archive


_SCORE = {"value": 1.5, "low": 1.25, "high": 1.75, "n": 200}


def _status(archive: Archive, *options: str) -> dict:
    return job.run(["--archive", archive.uri, *options])


def test_the_report_lists_the_contents_of_an_archive(archive: Archive) -> None:
    report = _status(archive)
    assert {row["table"]: row["rows"] for row in report["tables"]} == {
        "catalog": 20,
        "images": 20,
        "annotations": 4,
        "features/dots": 14,
    }
    assert report["failures_stored"] == [
        {"table": "images", "reason": report["failures_stored"][0]["reason"], "rows": 2}
    ]
    assert report["pending"] == [{"table": "features/dots", "rows": 4}]
    assert report["annotators"] == [
        {"annotator": "anna", "annotations": 2},
        {"annotator": "ben", "annotations": 2},
    ]
    models = {row["model"]: row for row in report["models"]}
    assert models["eye"]["verification"] == "1.50 [1.25, 1.75] n=200"
    assert report["runs"][0]["job"] == "toy"
    on_disk = sum(path.stat().st_size for path in Path(archive.uri).rglob("*") if path.is_file())
    written = Path(report["report"]).stat().st_size  # after the sizes were read
    assert report["bytes"] == on_disk - written


def test_failed_rows_have_their_address(archive: Archive) -> None:
    catalog = archive.table("catalog")
    for shard in range(archive.shards):
        for part in catalog.parts(shard):
            rows = catalog.read(shard, part)
            urls = pa.array([f"http://museum.example/{artwork_id}.jpg" for artwork_id in rows["id"].to_pylist()])
            catalog.write(shard, part, rows.set_column(rows.column_names.index("image_url"), "image_url", urls))
    failed = _status(archive, "--failed")["failed"]
    assert {(row["table"], row["id"], row["image_url"]) for row in failed} == {
        ("images", artwork_id, f"http://museum.example/{artwork_id}.jpg") for artwork_id in (IDS[3], IDS[4])
    }
    assert len(_status(archive, "--failed", "1")["failed"]) == 1


@pytest.mark.parametrize("name", ["features/dots", "models/eye"])
def test_a_folder_is_deleted_only_with_yes(archive: Archive, name: str) -> None:
    assert _status(archive, "--delete", name)["deleted"] is False
    assert archive.store.exists(name)
    assert _status(archive, "--delete", name, "--yes")["names"][0]["delete"] == name
    assert not archive.store.exists(name)
    assert archive.table("catalog").count() == 20


def test_deleting_an_annotator_keeps_the_others(archive: Archive) -> None:
    assert _status(archive, "--delete", "annotator:anna")["names"] == [{"delete": "annotator:anna", "rows": 2}]
    assert len(read_annotations(archive)) == 4
    _status(archive, "--delete", "annotator:anna", "--yes")
    assert set(read_annotations(archive).annotator) == {"ben"}


def test_deleting_a_collection_removes_all_derived_data(archive: Archive) -> None:
    other = dict.fromkeys(CATALOG.names) | {"id": "other:1", "image_url": "http://museum.example/1.jpg"}
    shard = int(archive.shard_of(["other:1"])[0])
    archive.table("catalog").write(shard, "other", pa.Table.from_pylist([other], schema=CATALOG))
    image = dict.fromkeys(IMAGES.names) | {"id": "other:1", "status": "http"}
    archive.table("images").write(shard, "other-00000", pa.Table.from_pylist([image], schema=IMAGES))
    thumbnail_jpegs(archive, IDS)
    assert _status(archive, "--delete", "collection:made")["names"][0]["rows"] == 20
    assert archive.table("catalog").count() == 21
    _status(archive, "--delete", "collection:made", "--yes")
    assert archive.table("catalog").ids(shard).to_pylist() == ["other:1"]
    assert (archive.table("catalog").count(), archive.table("images").count()) == (1, 1)
    assert archive.table("features/dots").count() == archive.table("thumbnails").count() == 0
    assert len(read_annotations(archive)) == 4  # annotations are kept


def test_nothing_is_deleted_if_a_name_is_unknown(archive: Archive) -> None:
    with pytest.raises(UserError, match="features/none"):
        job.run(["--archive", archive.uri, "--delete", "features/dots", "features/none", "--yes"])
    assert archive.has_table("features/dots")
    repeated = job.run(["--archive", archive.uri, "--delete", "features/dots", "features/dots", "--yes"])
    assert [row["delete"] for row in repeated["names"]] == ["features/dots"]


@pytest.mark.parametrize(
    ("name", "expected_text"),
    [
        ("features/none", "features has dots"),
        ("../elsewhere", "choose one of"),
        (f"features/{'x' * 300}", "features has dots"),
        ("features/..", "choose one of"),
        ("catalog", "choose one of"),
        ("annotator:carl", "there are no annotations by carl"),
        ("collection:none", "no artwork of this collection"),
    ],
)
def test_an_unknown_name_is_a_user_error(archive: Archive, name: str, expected_text: str) -> None:
    with pytest.raises(UserError, match=expected_text):
        _status(archive, "--delete", name, "--yes")
    assert archive.table("catalog").count() == 20


@pytest.mark.parametrize(
    "scores",
    [
        "good",
        [1],
        3,
        {"seen": "good"},
        {"seen": {"after": 2}},
        {"seen": {"after": {"value": "x", "low": 1, "high": 2, "n": 3}}},
        {"seen": {"after": {"value": None, "low": None, "high": None, "n": 0}}},
    ],
)
def test_a_card_with_odd_scores_stops_nothing(archive: Archive, scores: Any) -> None:
    archive.write_json("models/eye/card.json", {"scores": scores})
    report = _status(archive)
    assert "eye" in [row["model"] for row in report["models"]]
    assert report["annotators"]
