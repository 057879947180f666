import random
import threading
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from artsim.archive import CATALOG, IMAGES, PART_ROWS, Archive, Work, is_public_domain, pending, pending_parts
from tests.made import CLOSED, OPEN


def test_everything_is_pending_at_first_and_nothing_at_the_end(tmp_path) -> None:
    archive = _archive(tmp_path, 50)
    works = _works(archive)
    assert sorted(row_id for work in works for row_id in work.ids) == sorted(_ids(archive))
    for work in works:
        _do(archive, work)
    assert _works(archive) == []
    assert _done(archive) == dict.fromkeys(_ids(archive), "ok")


@pytest.mark.parametrize("seed", range(5))
def test_what_is_pending_is_what_is_missing(tmp_path, seed: int) -> None:
    archive, rng = _archive(tmp_path, 60), random.Random(seed)
    for work in _works(archive):
        if rng.random() < 0.7:
            _do(archive, work, rng.sample(work.ids, rng.randint(0, len(work.ids))))
    missing = [row_id for row_id in _ids(archive) if row_id not in _done(archive)]
    works = _works(archive)
    assert sorted(row_id for work in works for row_id in work.ids) == sorted(missing)
    assert all(work.ids for work in works)


def test_a_part_is_a_fixed_range_of_a_source_part_and_bears_its_name(tmp_path) -> None:
    archive = _archive(tmp_path, 50, part_rows=4)
    catalog = archive.table("catalog")
    for work in _works(archive, part_rows=4):
        assert work.part == f"{work.source_part}-{work.start // 4:05d}"
        rows = catalog.read(work.shard, work.source_part, ["id"])["id"].to_pylist()
        assert work.ids == rows[work.start : work.stop]
        assert (work.start % 4, work.stop) == (0, min(work.start + 4, len(rows)))
    # Partition names depend on it: another value would duplicate every row of existing archives.
    assert PART_ROWS == 256


def test_without_a_size_a_part_of_the_target_is_one_of_the_source(tmp_path) -> None:
    archive = _archive(tmp_path, 50)
    works = _works(archive, part_rows=None)
    assert [(work.shard, work.part) for work in works] == [
        (shard, part) for shard in range(3) for part in archive.table("catalog").parts(shard)
    ]
    assert all(work.part == work.source_part for work in works)


def test_new_rows_do_not_move_the_old_parts(tmp_path) -> None:
    archive = _archive(tmp_path, 50)
    before = _works(archive)
    for work in before[::2]:
        _do(archive, work)
    _add(archive, "a-later-one", [f"late:{number}" for number in range(20)])
    after = _works(archive)
    assert [work for work in after if work.source_part != "a-later-one"] == before[1::2]
    assert sorted(row_id for work in after if work.source_part == "a-later-one" for row_id in work.ids) == sorted(
        f"late:{number}" for number in range(20)
    )


def test_only_one_part_of_the_source(tmp_path) -> None:
    archive = _archive(tmp_path, 50)
    expected = [work for work in _works(archive) if work.shard == 1]
    works = list(_find(archive)(1, only="p1"))
    assert works == [work for work in expected if work.source_part == "p1"]
    assert works


def test_rows_whose_key_is_null_are_not_wanted(tmp_path) -> None:
    archive = _archive(tmp_path, 50)

    def open_ones(rows: pa.Table) -> pa.Array:
        return pc.if_else(pa.array([is_public_domain(rights.as_py()) for rights in rows["rights"]]), rows["id"], None)

    works = _works(archive, source_key=open_ones, source_columns=["rights"])
    rights = {row["id"]: row["rights"] for rows in archive.table("catalog").scan() for row in rows.to_pylist()}
    assert sorted(row_id for work in works for row_id in work.ids) == sorted(
        row_id for row_id, words in rights.items() if words == OPEN
    )


def test_a_row_whose_key_in_the_target_is_null_is_tried_again(tmp_path) -> None:
    archive = _archive(tmp_path, 50)

    def not_timeout(rows: pa.Table) -> pa.Array:
        return pc.if_else(pc.equal(rows["status"], "timeout"), None, rows["id"])

    for work in _works(archive):
        _do(archive, work, work.ids[::3], status="timeout")
        _do(archive, work, work.ids[1::3])
    failed = sorted(row_id for row_id, status in _done(archive).items() if status == "timeout")
    retried = _works(archive, target_key=not_timeout, target_columns=["status"])
    without = _works(archive)
    missing = sorted(row_id for row_id in _ids(archive) if row_id not in _done(archive))
    assert sorted(row_id for work in without for row_id in work.ids) == missing
    assert sorted(row_id for work in retried for row_id in work.ids) == sorted(failed + missing)
    for work in retried:
        _do(archive, work)
    assert _done(archive) == dict.fromkeys(_ids(archive), "ok")


def test_a_key_that_changed_is_pending_again(tmp_path) -> None:
    archive = _archive(tmp_path, 30)
    for work in _works(archive):
        _do(archive, work)
    changed = set(_ids(archive)[:4])

    def with_title(rows: pa.Table) -> pa.Array:
        ids = rows["id"].to_pylist()
        return pa.array([f"{row_id}\n{'new' if row_id in changed else 'ok'}" for row_id in ids])

    def with_status(rows: pa.Table) -> pa.Array:
        return pa.array([f"{row['id']}\n{row['status']}" for row in rows.to_pylist()])

    works = _works(archive, source_key=with_title, target_key=with_status, target_columns=["status"])
    assert {row_id for work in works for row_id in work.ids} == changed


def test_two_writers_of_the_same_work_never_double_a_row(tmp_path) -> None:
    archive = _archive(tmp_path, 40, part_rows=8)
    for turn in range(30):
        works = _works(archive, part_rows=8)
        if not works:
            break
        start = threading.Barrier(2)

        def write(seed: int, works: list[Work] = works, start: threading.Barrier = start) -> None:
            rng = random.Random(seed)
            start.wait()
            for work in rng.sample(works, len(works)):
                _do(archive, work, rng.sample(work.ids, min(3, len(work.ids))))

        threads = [threading.Thread(target=write, args=(2 * turn + number,)) for number in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        _done(archive)  # fails if an id occurs twice
    assert _done(archive) == dict.fromkeys(_ids(archive), "ok")


def test_pending_parts_count_without_the_ids(tmp_path) -> None:
    archive = _archive(tmp_path, 50)
    for work in _works(archive)[::2]:
        _do(archive, work, work.ids[:1])
    expected = [(work.shard, work.part, len(work.ids)) for work in _works(archive)]
    assert pending_parts(archive.shards, _find(archive)) == expected


def _archive(folder: Any, count: int, part_rows: int = 5) -> Archive:
    archive = Archive.create(str(folder), 3)
    _add(archive, "p0", [f"first:{number}" for number in range(count // 2)])
    _add(archive, "p1", [f"second:{number}" for number in range(count - count // 2)])
    return archive


def _add(archive: Archive, part: str, ids: list[str]) -> None:
    for shard in range(archive.shards):
        rows = [
            {"id": row_id, "rights": OPEN if int(row_id.split(":")[1]) % 3 else CLOSED}
            for row_id in ids
            if archive.shard_of([row_id])[0] == shard
        ]
        archive.table("catalog").write(shard, part, pa.Table.from_pylist(rows, schema=CATALOG))


def _ids(archive: Archive) -> list[str]:
    return [row_id for rows in archive.table("catalog").scan(["id"]) for row_id in rows["id"].to_pylist()]


def _find(archive: Archive, **how: Any) -> Callable[..., Any]:
    def by_id(rows: pa.Table) -> pa.ChunkedArray:
        return rows["id"]

    usual = {"source_key": by_id, "source_columns": [], "target_key": by_id, "target_columns": [], "part_rows": 5}
    source, target = archive.table("catalog"), archive.table("images")
    return lambda shard, **only: pending(source, target, shard, **{**usual, **how}, **only)


def _works(archive: Archive, **how: Any) -> list[Work]:
    return [work for shard in range(archive.shards) for work in _find(archive, **how)(shard)]


def _do(archive: Archive, work: Work, ids: list[str] | None = None, status: str = "ok") -> None:
    rows = [{"id": row_id, "status": status} for row_id in (work.ids if ids is None else ids)]
    archive.table("images").merge(work.shard, work.part, pa.Table.from_pylist(rows, schema=IMAGES))


def _done(archive: Archive) -> dict[str, str]:
    rows = [row for table in archive.table("images").scan() for row in table.to_pylist()]
    assert len(rows) == len({row["id"] for row in rows}), "a row is doubled"
    return {row["id"]: row["status"] for row in rows}
