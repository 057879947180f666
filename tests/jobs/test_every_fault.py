"""Every job on a read-only, full or damaged archive: errors are one line that names the file; no half-written files."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from artsim.archive import Archive, UserError
from artsim.errors import ServiceUnavailable
from tests.jobs.every_job import JOBS, Case, cases, full_archive, run

_READS_ONLY = [case for case in cases() if not case.writes]
_WRITES = [case for case in cases() if case.writes]


def test_every_job_is_among_the_cases() -> None:
    assert {case.job for case in cases()} == set(JOBS)


@pytest.fixture(autouse=True)
def _no_ray(monkeypatch: pytest.MonkeyPatch) -> None:
    def connect(**_: object) -> None:
        raise AssertionError("Ray was started")

    monkeypatch.setattr("artsim.runtime.connect", connect)


def _one_line(error: BaseException, *named: str) -> None:
    """Asserts that an error is one line without a traceback and contains one of ``named``."""
    line = str(error)
    assert "\n" not in line
    assert "Traceback" not in line
    assert any(name in line for name in named), line


def _files(archive: Archive) -> dict[str, bytes]:
    """Returns the files of an archive except its locks, with their content."""
    files = {path: Path(archive.uri, path) for path in archive.store.files(".")}
    return {path: file.read_bytes() for path, file in files.items() if "_locks" not in path}


@contextmanager
def _disk(archive: Archive, size: str) -> Iterator[Path]:
    """Puts an archive on a separate disk and yields its folder."""
    folder, aside = Path(archive.uri), Path(f"{archive.uri}-aside")
    folder.rename(aside)
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("a disk of its own needs the right to mount one")
    try:
        shutil.copytree(aside, folder, dirs_exist_ok=True)
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[Archive]:
    archive = full_archive(tmp_path)
    with _disk(archive, "12m") as folder:
        subprocess.run(["mount", "-o", "remount,ro", folder], check=True)
        yield archive


@pytest.fixture
def full(tmp_path: Path) -> Iterator[Archive]:
    """An archive on a full disk. The lock files already exist, so that jobs get as far as writing tables."""
    archive = full_archive(tmp_path)
    with archive.lock(*{table for case in cases() for table in case.writes}):
        pass
    with _disk(archive, "12m") as folder:
        with (folder / "filler").open("wb", buffering=0) as filler:
            for size in (1 << 20, 1 << 12, 1):
                with pytest.raises(OSError, match="No space"):
                    while True:
                        filler.write(bytes(size))
        yield archive


@pytest.mark.parametrize("case", _WRITES, ids=str)
def test_writing_jobs_report_a_read_only_archive(read_only: Archive, tmp_path: Path, case: Case) -> None:
    with pytest.raises(UserError, match="Read-only file system; it must be writable") as caught:
        run(case, tmp_path)
    _one_line(caught.value, read_only.uri)


@pytest.mark.parametrize("case", _READS_ONLY, ids=str)
def test_reading_jobs_work_on_a_read_only_archive(read_only: Archive, tmp_path: Path, case: Case) -> None:
    assert run(case, tmp_path)["report"] is None


# these jobs write only from Ray workers; tests/faults fills a disk during a scrape
_LATE = ("scrape", "extract", "identify", "labels predict")


@pytest.mark.parametrize("case", [case for case in _WRITES if str(case) not in _LATE], ids=str)
def test_writing_jobs_report_a_full_disk(full: Archive, tmp_path: Path, case: Case) -> None:
    before = _files(full)
    if "--delete" in case.arguments:
        run(case, tmp_path)  # deleting frees space, so it succeeds
        return
    with pytest.raises(
        ServiceUnavailable, match=r"No space left on device.*; free some disk space and run the same"
    ) as caught:
        run(case, tmp_path)
    _one_line(caught.value, full.uri)
    assert _files(full) == before


@pytest.mark.parametrize("case", _READS_ONLY, ids=str)
def test_reading_jobs_work_on_a_full_disk(full: Archive, tmp_path: Path, case: Case) -> None:
    before = _files(full)
    assert run(case, tmp_path)["report"] is None
    assert _files(full) == before


def _half(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _page(path: Path) -> None:
    path.write_bytes(b"<!DOCTYPE html>" * 100)


def _columns(path: Path) -> None:
    pq.write_table(pa.table({"other": [1, 2]}), path)


def _types(path: Path) -> None:
    rows = pq.read_table(path)
    pq.write_table(pa.table({name: list(range(len(rows))) for name in rows.column_names}), path)


_DAMAGES: list[Callable[[Path], None]] = [_half, _empty, _page, _columns, _types]
_READ = [(case, table) for case in cases() for table in case.reads]


@pytest.mark.parametrize(("case", "table"), _READ, ids=str)
def test_a_damaged_partition_is_named(tmp_path: Path, case: Case, table: str) -> None:
    archive = full_archive(tmp_path)
    parts = {part: part.read_bytes() for part in Path(archive.uri, table).rglob("*.parquet")}
    for damage in _DAMAGES:
        for part, content in parts.items():
            part.write_bytes(content)
            damage(part)
        before = _files(archive)
        with pytest.raises(UserError) as caught:
            run(case, tmp_path)
        _one_line(caught.value, f"{archive.uri}/{table}/0")
        after = _files(archive)
        assert {path: after.get(path) for path in before} == before
        assert not [path for path in after.keys() - before.keys() if path.endswith((".parquet", ".tmp"))]


_NO_ABOUT = [b"", b"{", b"[]", b"null", b'"text"', b"7", b"\xff\xfe", b"[" * 100_000, b"{}", b'{"format": 1}']


@pytest.mark.parametrize("case", cases(), ids=str)
def test_a_damaged_archive_json_is_named(tmp_path: Path, case: Case) -> None:
    archive = full_archive(tmp_path)
    for content in _NO_ABOUT:
        Path(archive.uri, "archive.json").write_bytes(content)
        with pytest.raises(UserError, match=r"archive\.json is damaged.*restore it from a copy") as caught:
            run(case, tmp_path)
        _one_line(caught.value, archive.uri)
        assert Path(archive.uri, "archive.json").read_bytes() == content


_ABOUT = [  # a job, and a file that it reads
    ("neighbors --all", "features/dots/_about.json"),
    ("embed", "features/dots/_about.json"),
    ("embed", "models/eye/card.json"),
]


@pytest.mark.parametrize(("name", "file"), _ABOUT)
def test_a_damaged_description_is_named(tmp_path: Path, name: str, file: str) -> None:
    archive = full_archive(tmp_path)
    (case,) = (case for case in cases() if str(case) == name)
    for content in (b"{", b"[]", b"7", b"\xff\xfe", b"[" * 100_000):
        Path(archive.uri, file).write_bytes(content)
        with pytest.raises(UserError) as caught:
            run(case, tmp_path)
        _one_line(caught.value, f"{archive.uri}/{file}")
