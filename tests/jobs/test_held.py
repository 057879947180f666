"""Concurrent writers: a job locks the tables that it writes, or its error names the process that holds them."""

import contextlib
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from artsim.annotations import annotations, links
from artsim.annotations.import_file import import_annotations
from artsim.annotations.import_links import import_links
from artsim.archive import Archive, Table, UserError
from tests.jobs.every_job import JOBS, Case, cases, full_archive, run

_HOLD = """
import sys
from artsim.archive import Archive
archive = Archive.open(sys.argv[1])
with archive.lock(*sys.argv[2:]):
    print("held", flush=True)
    sys.stdin.read()
"""
_READERS = {"walk", "picture", "serve", "export_site"}  # jobs that write nothing but a report


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, int]]:
    """The folder of an archive whose tables are all locked by another process, and the id of that process."""
    folder = tmp_path_factory.mktemp("held")
    archive = full_archive(folder)
    tables = {table for case in cases() for table in case.writes}
    command = [sys.executable, "-c", _HOLD, archive.uri, *sorted(tables)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        yield folder, other.pid
        other.kill()


def test_every_job_that_writes_is_among_the_cases() -> None:
    assert {case.job for case in cases() if case.writes} == set(JOBS) - _READERS


@pytest.mark.parametrize("case", [case for case in cases() if case.writes], ids=str)
def test_a_locked_table_is_a_user_error(held: tuple[Path, int], case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, other = held
    for module in (annotations, links):
        monkeypatch.setattr(module, "LOCK_TIMEOUT", 0.0)
    monkeypatch.setattr("artsim.runtime.connect", lambda **_: pytest.fail("Ray was started"))
    with pytest.raises(UserError, match=rf"\S is locked by another run \(process {other} on .+, since 20") as caught:
        run(case, folder)
    assert any(f" {table} is locked by" in f" {caught.value}" for table in case.writes)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", ["annotations", "links"])
def test_two_imports_at_once_add_everything_once(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = full_archive(tmp_path)
    before = archive.table(kind).count()
    barrier, append, added, lines = threading.Barrier(2), Table.append, [], 40
    ids = archive.table("catalog").ids(0).to_pylist()[:10]
    path = tmp_path / "new.csv"
    if kind == "links":
        path.write_text("\n".join(["img1,img2,type", *(f"{ids[0]},new:{n},POSITIVE" for n in range(lines))]))
    else:
        names = [image_id.partition(":")[2] for image_id in ids]
        path.write_text("\n".join(",".join([*names[n % 2 :][:9]]) for n in range(lines)))

    def wait_for_both(*arguments: object) -> None:
        """Appends after the other import has also read the table, or after half a second."""
        with contextlib.suppress(threading.BrokenBarrierError):
            barrier.wait(0.5)
        append(*arguments)

    def add_all() -> None:
        reopened = Archive.open(archive.uri)
        if kind == "links":
            added.append(import_links(reopened, str(path), annotator="eva", collection=None)["rows_out"])
        else:
            options = {"annotator": "eva", "mode": "random", "collection": None, "public_only": False}
            added.append(import_annotations(reopened, str(path), **options)["rows_out"])

    monkeypatch.setattr(Table, "append", wait_for_both)
    threads = [threading.Thread(target=add_all) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(added) == [0, lines]
    assert archive.table(kind).count() - before == lines
