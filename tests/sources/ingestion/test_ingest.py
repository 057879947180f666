"""Writing chunks to the catalog: each row once and in order, even after killed or repeated runs."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from artsim.archive import CATALOG, Archive, UserError
from artsim.archive.rejects import Reject
from artsim.sources.ingestion import ingest as module
from artsim.sources.ingestion.file_roots import roots
from artsim.sources.ingestion.ingest import ingest
from artsim.sources.records import Chunk, Source, packed


def records(*numbers: int, **more: Any) -> list[dict[str, Any]]:
    return [
        {"id": f"w{n}", "image_url": f"https://m.org/{n}.jpg", "title": f"t{n}", "where": str(n), **more}
        for n in numbers
    ]


def source(items: list[dict[str, Any] | Reject], size: int = 100, **settings: Any) -> Source:
    return Source("museum", "/there/works.csv", lambda _: packed(items, size), **settings)


def catalog(archive: Archive) -> list[dict[str, Any]]:
    return [row for table in archive.table("catalog").scan() for row in table.to_pylist()]


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive.create(str(tmp_path / "archive"), shards=4)


def test_ingested_rows_are_found(archive: Archive) -> None:
    report = ingest(archive, source(records(*range(1000))))
    assert {name: report[name] for name in ("rows_in", "rows_out", "rows_failed", "rows_there")} == {
        "rows_in": 1000,
        "rows_out": 1000,
        "rows_failed": 0,
        "rows_there": 0,
    }
    assert report["collection"] == "museum" and report["rejects"] is None
    table = archive.table("catalog")
    for shard in range(4):
        (partition,) = table.parts(shard)
        rows = table.read(shard, partition)
        assert rows.schema.equals(CATALOG)
        assert set(archive.shard_of(rows["id"])) == {shard}
        numbers = [int(text[1:]) for text in rows["title"].to_pylist()]
        assert numbers == sorted(numbers)  # the order of the source
    assert sorted(row["id"] for row in catalog(archive)) == sorted(f"museum:w{n}" for n in range(1000))
    assert {row["source"] for row in catalog(archive)} == {"museum"}


def test_a_repeated_ingest_writes_only_new_rows(archive: Archive, tmp_path: Path) -> None:
    def files() -> dict[Path, int]:
        return {path: path.stat().st_mtime_ns for path in (tmp_path / "archive" / "catalog").rglob("*.parquet")}

    ingest(archive, source(records(*range(100))))
    before = files()
    report = ingest(archive, source(records(*range(100))))
    assert (report["rows_out"], report["rows_there"]) == (0, 100) and files() == before
    report = ingest(archive, source(records(*range(110))))
    assert (report["rows_out"], report["rows_there"]) == (10, 100)
    assert before.items() <= files().items()
    assert len(catalog(archive)) == len({row["id"] for row in catalog(archive)}) == 110


def test_a_repeated_id_is_rejected_with_the_first_place(archive: Archive) -> None:
    items = [*records(1, 2, 3), *records(2, title="again"), *records(3), *records(4)]
    items[3]["where"] = "77"
    report = ingest(archive, source(items, size=2))
    assert (report["rows_in"], report["rows_out"], report["rows_failed"]) == (6, 4, 2)
    assert next(row for row in catalog(archive) if row["id"] == "museum:w2")["title"] == "t2"
    with (Path(archive.uri) / report["rejects"]).open(newline="") as file:
        rejected = list(csv.DictReader(file))
    assert {"line": "77", "reason": "an earlier row has the same id", "text": "museum:w2, first at 2"} in rejected


def test_rejects_are_kept_with_line_reason_and_text(archive: Archive) -> None:
    bad_rows = records(8)
    bad_rows[0]["image_url"] = "ftp://m.org/8.jpg"
    report = ingest(
        archive,
        source([*records(1), Reject.of(5, "broken", 'a "line"\nof two'), *bad_rows, *records(9, image_url=None)]),
    )
    assert (report["rows_in"], report["rows_out"], report["rows_failed"]) == (4, 1, 3)
    assert report["rejected"] == {
        "broken": 1,
        "no image": 1,
        "image is neither a web address nor a file below the given folder": 1,
    }
    with (Path(archive.uri) / report["rejects"]).open(newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["line", "reason", "text"] and rows[1] == ["5", "broken", 'a "line" of two']
    assert sorted(row[0] for row in rows[1:]) == ["5", "8", "9"]


def test_early_commits_create_no_duplicates(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_COMMIT_ROWS", 300)
    report = ingest(archive, source([*records(*range(1000)), *records(5)], size=100))
    assert report["rows_out"] == 1000 and report["rows_there"] == 1
    assert len(catalog(archive)) == len({row["id"] for row in catalog(archive)}) == 1000
    assert ingest(archive, source(records(*range(1000)), size=100))["rows_out"] == 0


def test_a_run_killed_between_shards_is_finished_by_the_next(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    write = archive.table("catalog").__class__.write

    class Killed(BaseException):
        pass

    def dies(table: Any, shard: int, part: str, rows: Any) -> None:
        if shard == 2:
            raise Killed
        write(table, shard, part, rows)

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(archive.table("catalog").__class__, "write", dies)
        ingest(archive, source(records(*range(200))))
    assert 0 < len(catalog(archive)) < 200
    # The source has grown since; the next run adds both the missing and the new rows.
    ingest(archive, source(records(*range(250))))
    assert sorted(row["id"] for row in catalog(archive)) == sorted(f"museum:w{n}" for n in range(250))


def test_two_runs_at_once_write_the_same_files(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second run lists the partitions before the first one writes any, which is the worst case."""
    with monkeypatch.context() as patch:
        patch.setattr(archive.table("catalog").__class__, "parts", lambda table, shard: [])
        ingest(archive, source(records(*range(100)), size=7))
        ingest(archive, source(records(*range(100)), size=100))
    assert len(catalog(archive)) == 100


def test_a_limit_takes_the_first_rows(archive: Archive) -> None:
    report = ingest(archive, source(records(*range(1000)), size=30), limit=100)
    assert report["rows_in"] == report["rows_out"] == 100
    assert {row["title"] for row in catalog(archive)} == {f"t{n}" for n in range(100)}


def test_a_file_of_the_same_name_elsewhere_is_another_source(archive: Archive) -> None:
    ingest(archive, source(records(1)))
    other = Source("museum", "/elsewhere/works.csv", lambda _: packed(records(1, 2)))
    with pytest.raises(UserError, match=r"`as_`.*/there/works.csv"):
        ingest(archive, other)
    assert ingest(archive, other, "museum")["rows_out"] == 1
    assert ingest(archive, other)["rows_there"] == 2  # the collection now includes this location
    third = Source("museum", "/third/works.csv", lambda _: packed(records(3)), own_ids=True)
    assert ingest(archive, third)["rows_out"] == 1


@pytest.mark.parametrize("name", ["", "a:b", "a/b", "../x", "_x", "a b", "x" * 200])
def test_a_collection_needs_a_name(archive: Archive, name: str) -> None:
    with pytest.raises(UserError, match="`as_`"):
        ingest(archive, source(records(1)), name)


def test_named_folders_are_recorded(archive: Archive) -> None:
    ingest(archive, source(records(1), root="file:///a/"))
    ingest(archive, source(records(2), root="file:///b/"))
    assert roots(archive, "museum") == ["file:///a/", "file:///b/"]
    assert roots(archive, "other") == roots(archive, "../museum") == []


class Slow:
    """A source that records which pages are requested, and fails at page ``fails_at``."""

    def __init__(self, fails_at: int | None = None) -> None:
        self.asked: list[int] = []
        self.fails_at = fails_at

    def source(self) -> Source:
        return Source("slow", "https://m.org/api", self.chunks, slow=True)

    def chunks(self, cursors: list[str]) -> Iterator[Chunk]:
        for page in range(max(map(int, cursors), default=-1) + 1, 10):
            if page == self.fails_at:
                raise ConnectionError("gone")
            self.asked.append(page)
            (chunk,) = packed([*records(*range(page * 10, page * 10 + 10)), Reject.of(page, "odd", "é")])
            yield Chunk(chunk.rows, chunk.rejects, (str(page),))


def test_rows_of_a_slow_source_are_requested_once(archive: Archive) -> None:
    first, second, third = Slow(fails_at=6), Slow(), Slow()
    with pytest.raises(ConnectionError):
        ingest(archive, first.source())
    report = ingest(archive, second.source())
    assert first.asked + second.asked == list(range(10))
    assert (report["rows_in"], report["rows_out"], report["rows_failed"]) == (110, 100, 10)
    assert report["rejected"] == {"odd": 10}
    assert not list((Path(archive.uri) / "catalog" / "_harvest").rglob("*.parquet"))
    assert ingest(archive, third.source())["rows_there"] == 100 and third.asked == list(range(10))


def test_the_resume_cache_is_separate_for_each_location(archive: Archive) -> None:
    with pytest.raises(ConnectionError):
        ingest(archive, Slow(fails_at=6).source())
    other = Slow()
    ingest(archive, Source("slow", "https://m.org/other", other.chunks, slow=True, own_ids=True))
    assert other.asked == list(range(10))


def test_cached_chunks_are_read_unchanged(archive: Archive) -> None:
    from artsim.sources.ingestion.resume_cache import cached_chunks

    slow = Slow()
    before = list(cached_chunks(archive.store, "slow", slow.source()))
    after = list(cached_chunks(archive.store, "slow", slow.source()))
    assert [(c.rows.to_pylist(), c.rejects, c.cursors) for c in before] == [
        (c.rows.to_pylist(), c.rejects, c.cursors) for c in after
    ]
    assert slow.asked == list(range(10))
    assert json.loads(json.dumps(after[0].cursors)) == ["0"]
