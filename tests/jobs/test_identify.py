import csv
import importlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from artsim.archive import CATALOG, Archive, Table, UserError, features
from artsim.archive.deletion import delete
from artsim.identify import sheet, worker
from artsim.identify.evidence import Evidence
from benchmarks.copies import KINDS
from jobs.identify import job
from tests.duplicates.made_pictures import encoded, painting
from tests.identify.in_process import without_ray
from tests.made import CLOSED, OPEN, add_features, make_archive

_MUSEUM = [f"museum:{number}" for number in range(4)]
_BOOKS = {"books:gray": 0, "books:framed": 1, "books:cast": 2, "books:unknown": None}  # the painting that each shows
_VECTORS = dict(zip(_MUSEUM, np.eye(8), strict=False))


def _archives(folder: Path) -> tuple[Archive, Archive]:
    kinds = {"books:gray": "grayscale", "books:framed": "framed", "books:cast": "cast"}
    rng = np.random.default_rng(0)
    pictures = {one: encoded(KINDS[kind](painting(_BOOKS[one] or 0), rng)) for one, kind in kinds.items()}
    pictures["books:unknown"] = encoded(painting(9))
    books = make_archive(folder / "books", list(_BOOKS), pictures=pictures, titles={"books:gray": "=cmd|' /C calc'!A0"},
                         part_rows=1, rights={"books:framed": CLOSED})  # fmt: skip
    museum = make_archive(
        folder / "museum",
        _MUSEUM,
        pictures={one: encoded(painting(number)) for number, one in enumerate(_MUSEUM)},
        titles={_MUSEUM[0]: "@SUM(1)\x1b[31m\nred", _MUSEUM[2]: "Ängel 天使"},
        rights={_MUSEUM[2]: CLOSED},
    )
    add_features(museum, "dots", _VECTORS)
    vectors = {one: _VECTORS[_MUSEUM[shown or 0]] + 0.1 * rng.normal(size=8) for one, shown in _BOOKS.items()}
    add_features(books, "dots", vectors)
    return books, museum


@pytest.fixture
def archives(tmp_path: Path) -> tuple[Archive, Archive]:
    return _archives(tmp_path)


class _Known:
    """Stands for the comparison: 0.9 for the painting that an artwork shows, 0.2 for others. Counts its artworks."""

    compared: list[str]

    def __init__(self, archive: Archive, reference: Archive, reference_ids: np.ndarray, file: Any, **_: Any) -> None:
        self._ids = reference_ids

    def __call__(self, ids: np.ndarray, candidates: np.ndarray) -> Evidence:
        self.compared.extend(ids.tolist())
        right = np.array([f"museum:{_BOOKS.get(one)}" for one in ids], object)
        scores = np.where(self._ids[candidates] == right[:, None], 0.9, 0.2)
        return Evidence(
            scores,
            np.full(scores.shape, -1),
            np.zeros(scores.shape, bool),
            np.array([one != "books:bad" for one in ids], bool),
        )


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Replaces the comparison by ``_Known``; returns the list of artworks that are compared."""
    _Known.compared = []
    monkeypatch.setattr(worker, "Comparer", _Known)
    return _Known.compared


@pytest.fixture(autouse=True)
def _in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls the worker in this process instead of on Ray."""

    without_ray(monkeypatch)


def _run(books: Archive, museum: Archive, *arguments: str) -> dict[str, Any]:
    return job.run([*_command(books, museum), *arguments])


def _command(books: Archive, museum: Archive) -> list[str]:
    command = ["--archive", books.uri, "--reference", museum.uri, "--name", "p", "--features", "dots"]
    return [*command, "--candidates", "2", "--whole-images"]


def _rows(books: Archive) -> list[dict[str, Any]]:
    rows = [row for part in books.table("identifications/p").scan() for row in part.to_pylist()]
    return sorted(rows, key=lambda row: (row["id"], row["rank"]))


def test_reproductions_are_identified(archives: tuple[Archive, Archive], tmp_path: Path) -> None:
    files = ["--csv", str(tmp_path / "new" / "review.csv"), "--picture", str(tmp_path / "pairs.png")]
    report = _run(*archives, *files)
    assert (report["rows_in"], report["rows_out"], report["rows_failed"]) == (4, 4, 0)
    assert (report["table"], report["identified"], report["review"], report["none"]) == ("identifications/p", 3, 0, 1)
    rows = {row["id"]: row for row in _rows(archives[0])}
    for one, shown in _BOOKS.items():
        row = rows[one]
        assert row["rank"] == 1
        if shown is None:
            assert row["status"] == "none"
            assert {row[key] for key in ("reference_id", "title", "artist", "similarity", "score", "evidence")} == {
                None
            }
        else:
            assert (row["status"], row["reference_id"], row["artist"]) == ("identified", _MUSEUM[shown], "Made Up")
            assert row["score"] > 0.8
            assert row["evidence"] == {"method": "whole images", "patches": None}
    assert rows["books:cast"]["title"] == "Ängel 天使"
    assert Image.open(tmp_path / "pairs.png").width > 400
    with Path(report["csv"]).open(encoding="utf-8-sig", newline="") as file:
        lines = {line["id"]: line for line in csv.DictReader(file)}
    assert lines["books:gray"]["title"] == "'@SUM(1)\N{REPLACEMENT CHARACTER}[31m red"
    assert lines["books:gray"]["title_of_id"] == "'=cmd|' /C calc'!A0"
    assert lines["books:unknown"]["reference_id"] == ""
    assert len(Path(report["csv"]).read_text(encoding="utf-8-sig").splitlines()) == 5


def test_similarity_is_the_cosine(archives: tuple[Archive, Archive], compared: list[str]) -> None:
    books, museum = archives
    _run(books, museum)
    ids, vectors = np.array(_MUSEUM), np.array([_VECTORS[one] for one in _MUSEUM])
    for row in _rows(books):
        if row["reference_id"]:
            query = next(
                np.array(vector)
                for part in books.table("features/dots").scan()
                for one, vector in zip(part["id"].to_pylist(), part["vector"].to_pylist(), strict=True)
                if one == row["id"]
            )
            cosine = vectors @ query / np.linalg.norm(query)
            assert row["similarity"] == pytest.approx(cosine[ids == row["reference_id"]][0], abs=1e-5)


def test_the_same_command_compares_nothing(archives: tuple[Archive, Archive], compared: list[str]) -> None:
    first = _run(*archives)
    folder = Path(archives[0].uri, "identifications")
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*.*")}
    again = _run(*archives)
    assert (again["rows_in"], again["identified"], again["none"]) == (0, first["identified"], first["none"])
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*.*")} == before
    assert sorted(compared) == sorted(_BOOKS)


def test_an_interrupted_run_is_resumed(
    archives: tuple[Archive, Archive], compared: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    books, museum = archives
    _run(books, museum)
    expected = _rows(books)
    _run(books, museum, "--k", "1")
    with monkeypatch.context() as patch:
        decide, calls = worker.decide, iter(range(99))
        patch.setattr(worker, "decide", lambda *a, **b: 1 / 0 if next(calls) == 2 else decide(*a, **b))
        with pytest.raises(ZeroDivisionError):
            _run(books, museum)
    assert books.read_json("identifications/p/_about.json") is None
    compared.clear()
    report = _run(books, museum)
    assert (report["rows_in"], len(compared), report["identified"]) == (2, 2, 3)
    assert _rows(books) == expected
    assert books.read_json("identifications/p/_about.json")["statuses"] == {
        "identified": 3, "review": 0, "none": 1, "unreadable": 0,
    }  # fmt: skip


@pytest.mark.parametrize("change", ["title", "picture", "option", "network"])
def test_a_change_compares_again(
    archives: tuple[Archive, Archive], compared: list[str], change: str, caplog: pytest.LogCaptureFixture
) -> None:
    books, museum = archives
    _run(books, museum)
    compared.clear()
    arguments, words = [], "the reference has changed"
    if change == "title":
        table, shard = museum.table("catalog"), int(museum.shard_of([_MUSEUM[0]])[0])
        for part in table.parts(shard):
            rows = [{**row, "title": "New"} for row in table.read(shard, part).to_pylist()]
            table.write(shard, part, pa.Table.from_pylist(rows, CATALOG))
    elif change == "picture":
        table, shard = museum.table("features/dots"), int(museum.shard_of([_MUSEUM[0]])[0])
        for part in table.parts(shard):
            stored = table.read(shard, part)
            rows = [{**row, "sha256": "0" * 64} for row in stored.to_pylist()]
            museum.table("features/dots", stored.schema).write(shard, part, pa.Table.from_pylist(rows, stored.schema))
    elif change == "option":
        arguments, words = ["--agreement", "0.95"], "agreement 0.7 is now 0.95"
    else:
        for archive in archives:
            archive.write_json("features/dots/_about.json", {"weights_hash": "others"})
        words = "other networks or weights"
    with caplog.at_level("INFO"):
        report = _run(books, museum, *arguments)
    assert (report["rows_in"], len(compared)) == (4, 4)
    assert words in caplog.text
    if change == "title":
        assert "New" in {row["title"] for row in _rows(books)}
    if change == "option":
        assert (report["identified"], report["review"], report["none"]) == (0, 3, 1)


def test_only_new_artworks_are_compared(archives: tuple[Archive, Archive], compared: list[str]) -> None:
    books, museum = archives
    _run(books, museum)
    compared.clear()
    table = books.table("features/dots")
    shard, part = next((shard, part) for shard in range(books.shards) for part in table.parts(shard))
    rows = table.read(shard, part)
    new = pa.Table.from_pylist([{**rows.to_pylist()[0], "id": "books:new"}], rows.schema)
    books.table("features/dots", rows.schema).write(int(books.shard_of(["books:new"])[0]), "new", new)
    report = _run(books, museum)
    assert (report["rows_in"], compared, report["none"]) == (1, ["books:new"], 2)
    books.store.remove_file(table.path(int(books.shard_of(["books:new"])[0]), "new"))
    assert _run(books, museum)["none"] == 1
    assert {row["id"] for row in _rows(books)} == {*_BOOKS}


def _one_partition(books: Archive) -> tuple[Table, int, list[dict[str, Any]]]:
    """Moves all features of a shard with several artworks into one partition; returns table, shard and rows."""
    table = books.table("features/dots", features(8))
    shard = next(shard for shard in range(books.shards) if len(table.parts(shard)) > 1)
    rows = [row for part in table.parts(shard) for row in table.read(shard, part).to_pylist()]
    for part in table.parts(shard):
        books.store.remove_file(table.path(shard, part))
    table.write(shard, "one", pa.Table.from_pylist(rows, table.schema))
    return table, shard, rows


@pytest.mark.parametrize("change", ["new", "replaced", "removed"])
def test_one_new_image_of_a_partition_is_compared_alone(
    archives: tuple[Archive, Archive], compared: list[str], change: str
) -> None:
    books, museum = archives
    table, shard, rows = _one_partition(books)
    _run(books, museum)
    before, chosen = _rows(books), rows[0]["id"]
    compared.clear()
    if change == "new":
        chosen = "books:new"
        rows.insert(1, {**rows[0], "id": chosen})
    elif change == "replaced":
        rows[0]["sha256"] = "0" * 64
    else:
        del rows[0]
    table.write(shard, "one", pa.Table.from_pylist(rows, table.schema))
    report = _run(books, museum)
    assert compared == ([] if change == "removed" else [chosen])
    assert report["rows_in"] == len(compared)
    after = _rows(books)
    assert [row for row in after if row["id"] != chosen] == [row for row in before if row["id"] != chosen]
    assert (
        {row["id"] for row in after} == {*_BOOKS, "books:new"}
        if change == "new"
        else {*_BOOKS} - ({chosen} if change == "removed" else set())
    )
    stored = books.table("identifications/p").read(shard, "one")["id"].to_pylist()
    assert list(dict.fromkeys(stored)) == [row["id"] for row in rows], "in the order of the features"
    assert _run(books, museum)["rows_in"] == 0


def test_a_table_of_an_earlier_version_is_made_again(archives: tuple[Archive, Archive], compared: list[str]) -> None:
    books, museum = archives
    _run(books, museum)
    rows, ids = _rows(books), sorted(compared)
    table = books.table("identifications/p")
    for shard in range(books.shards):
        for part in table.parts(shard):
            rows_before = table.read(shard, part).drop_columns("key")
            pq.write_table(rows_before, Path(books.store.root, table.path(shard, part)))
    compared.clear()
    _run(books, museum)
    assert sorted(compared) == ids and _rows(books) == rows


def test_features_that_hold_nan_are_unreadable_once(archives: tuple[Archive, Archive], compared: list[str]) -> None:
    books, museum = archives
    table, shard, rows = _one_partition(books)
    rows[0]["vector"] = [float("nan")] * 8
    table.write(shard, "one", pa.Table.from_pylist(rows, table.schema))
    report = _run(books, museum)
    assert (report["rows_failed"], report["unreadable"]) == (1, 1)
    assert rows[0]["id"] not in compared
    assert _run(books, museum)["rows_in"] == 0


@pytest.mark.slow
def test_a_run_with_nothing_pending_does_not_import_ray(archives: tuple[Archive, Archive], compared: list[str]) -> None:
    books, museum = archives
    _run(books, museum)
    code = "import sys; from jobs.identify import job; job.run(sys.argv[1:]); sys.exit('ray' in sys.modules)"
    subprocess.run([sys.executable, "-c", code, *_command(books, museum)], check=True)


def test_a_new_partition_of_a_shard_repeats_no_public_artwork(
    archives: tuple[Archive, Archive], compared: list[str]
) -> None:
    books, museum = archives
    _run(books, museum, "--rights", "public")
    compared.clear()
    catalog, shard = books.table("catalog"), int(books.shard_of(["books:gray"])[0])
    row = catalog.find(["books:gray"]).to_pylist()[0]
    new = next(f"books:{n}" for n in range(999) if int(books.shard_of([f"books:{n}"])[0]) == shard)
    catalog.write(shard, "new", pa.Table.from_pylist([{**row, "id": new}], CATALOG))
    assert _run(books, museum, "--rights", "public")["rows_in"] == 0
    assert compared == []


def test_protected_artworks_of_both_archives_are_left_out(
    archives: tuple[Archive, Archive], compared: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[str] = []
    original = sheet.captioned_pictures

    def pictures(archive: Archive, ids: list[str], side: int) -> Any:
        drawn.extend(ids)
        return original(archive, ids, side)

    monkeypatch.setattr(sheet, "captioned_pictures", pictures)
    files = ["--csv", str(tmp_path / "review.csv"), "--picture", str(tmp_path / "pairs.png")]
    report = _run(*archives, "--rights", "public", *files)
    assert drawn == ["books:gray", _MUSEUM[0]]
    with (tmp_path / "review.csv").open(encoding="utf-8-sig", newline="") as file:
        lines = {line["id"]: line["reference_id"] for line in csv.DictReader(file)}
    assert lines == {"books:gray": _MUSEUM[0], "books:cast": "", "books:unknown": ""}
    assert (report["rows_in"], report["identified"], report["none"]) == (3, 1, 2)
    assert {row["id"]: row["reference_id"] for row in _rows(archives[0])} == {
        "books:gray": _MUSEUM[0], "books:cast": None, "books:unknown": None,
    }  # fmt: skip


def test_several_that_agree_are_reviewed(archives: tuple[Archive, Archive], tmp_path: Path) -> None:
    """The museum has a second image of a painting. Without duplicates, the first alone is found."""
    books, _ = archives
    pictures = {one: encoded(painting(number)) for number, one in enumerate([*_MUSEUM, "museum:copy"])}
    pictures["museum:copy"] = encoded(painting(0).resize((200, 150)))
    museum = make_archive(tmp_path / "two", list(pictures), pictures=pictures)
    add_features(museum, "dots", {**_VECTORS, "museum:copy": _VECTORS[_MUSEUM[0]]})
    importlib.import_module("jobs.dedupe").job.run(
        ["--archive", museum.uri, "--features", "dots", "--name", "d", "--hash-distance", "0"]
    )
    report = _run(books, museum)
    assert (report["identified"], report["review"]) == (2, 1)
    found = [row for row in _rows(books) if row["id"] == "books:gray"]
    assert {row["reference_id"] for row in found} == {_MUSEUM[0], "museum:copy"}
    assert [(row["rank"], row["status"]) for row in found] == [(1, "review"), (2, "review")]
    assert _run(books, museum, "--without-duplicates", "d")["identified"] == 3


def test_an_unreadable_image_has_a_row_and_is_counted_again(
    archives: tuple[Archive, Archive], compared: list[str], tmp_path: Path
) -> None:
    books, museum = archives
    table = books.table("features/dots")
    shard, part = next((shard, part) for shard in range(books.shards) for part in table.parts(shard))
    rows = table.read(shard, part)
    bad = pa.Table.from_pylist([{**rows.to_pylist()[0], "id": "books:bad"}], rows.schema)
    books.table("features/dots", rows.schema).write(int(books.shard_of(["books:bad"])[0]), "bad", bad)
    report = _run(books, museum)
    assert (report["rows_in"], report["rows_out"], report["rows_failed"]) == (5, 4, 1)
    (row,) = (row for row in _rows(books) if row["id"] == "books:bad")
    assert (row["status"], row["rank"], row["reference_id"]) == ("unreadable", 1, None)
    again = _run(books, museum, "--picture", str(tmp_path / "pairs.png"))
    assert (report["unreadable"], again["unreadable"], again["rows_in"]) == (1, 1, 0)


def test_mistakes_are_user_errors(archives: tuple[Archive, Archive], tmp_path: Path) -> None:
    books, museum = archives
    with pytest.raises(UserError, match="--reference: this is the archive itself"):
        _run(books, books)
    with pytest.raises(UserError, match=r"--reference .*nowhere: no archive found"):
        job.run(["--archive", books.uri, "--reference", str(tmp_path / "nowhere"), "--name", "p"])
    with pytest.raises(UserError, match="--without-duplicates 'x': no such table"):
        _run(books, museum, "--without-duplicates", "x")
    with pytest.raises(UserError, match=r"--review 0\.9: must not be more than --agreement"):
        _run(books, museum, "--review", "0.9")
    with pytest.raises(UserError, match=r"--csv s3://b/x\.csv: must be a local path"):
        _run(books, museum, "--csv", "s3://b/x.csv")
    with pytest.raises(UserError, match="--local-backbone: --whole-images uses no local matches"):
        _run(books, museum, "--local-backbone", "efficientnet_lite0@3")
    for name in ("../d", "a/b", "x\x1b[31m"):
        with pytest.raises(UserError, match="--name"):
            _run(books, museum, "--name", name)
    museum.write_json("features/dots/_about.json", {"weights_hash": "others"})
    with pytest.raises(UserError, match="--features dots: the two archives have features of different networks"):
        _run(books, museum)


def test_an_empty_archive(tmp_path: Path, archives: tuple[Archive, Archive]) -> None:
    books, museum = archives
    empty = make_archive(tmp_path / "empty", ["books:none"], pictures={"books:none": None}, rights={"books:none": OPEN})
    add_features(empty, "dots", {"books:none": None, "x": np.zeros(8)})
    report = _run(empty, museum)
    assert (report["rows_in"], report["identified"], report["none"]) == (0, 0, 0)
    with pytest.raises(UserError, match=r"--reference .*empty: it has no vectors of dots"):
        _run(books, empty)


def test_identifications_are_deleted_with_their_collection(
    archives: tuple[Archive, Archive], compared: list[str]
) -> None:
    books, museum = archives
    _run(books, museum)
    assert "identifications/p" in delete(books, "collection:books", really=True)["tables_removed"]
    assert books.names("identifications") == []
