"""Locks where the file system has none: in buckets and on disks without file locks."""

import errno
import fcntl
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from artsim.archive import Archive, Store, UserError, bucket_lock
from artsim.archive import archive as module
from artsim.archive.lock_holder import this_process
from artsim.errors import ServiceUnavailable
from tests.learn.made_annotations import catalog_of
from tests.s3 import BUCKET, Asked, S3Server

_HOLD = """
import sys
from artsim.archive import Archive
with Archive.open(sys.argv[1]).lock("images"):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def archive(s3: S3Server) -> Archive:
    return Archive.create(f"s3://{BUCKET}/archive")


def _claims(archive: Archive) -> list[str]:
    return archive.store.files("_locks/images")


def test_a_bucket_is_held_by_one_process_until_it_dies(archive: Archive) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _HOLD, archive.uri], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(UserError, match=rf"^images is locked by another run \(process {other.pid} on .*, since "):
            archive.lock("images").__enter__()
        with archive.lock("catalog"):
            pass
        other.kill()
    with archive.lock("images"):
        assert len(_claims(archive)) == 1  # the claim of the killed process is gone
    assert _claims(archive) == []


def test_a_run_on_another_machine_holds_until_it_gives_no_sign_of_life(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive.write_json("_locks/images/other.json", {**this_process(), "machine": "far", "system": "another"})
    with pytest.raises(UserError, match=r"on far, since .* expires after 5 minutes"):
        archive.lock("images").__enter__()
    monkeypatch.setattr(bucket_lock, "_EXPIRES", -1.0)
    with archive.lock("images"):
        assert len(_claims(archive)) == 1


def test_a_damaged_claim_is_no_free_table(archive: Archive) -> None:
    with archive.store.replace("_locks/images/other.json") as draft:
        Path(draft).write_text("{")
    with pytest.raises(UserError, match="images is locked by another run"):
        archive.lock("images").__enter__()


def test_a_run_that_was_taken_for_dead_says_so_at_its_end(archive: Archive) -> None:
    with pytest.raises(ServiceUnavailable, match="another run took over images"), archive.lock("images"):
        archive.store.remove_file(f"_locks/images/{_claims(archive)[0]}")


def test_claims_are_renewed(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bucket_lock, "_RENEWAL_SECONDS", 0.01)
    renewed, write = threading.Event(), Store.write_json
    with archive.lock("images"):

        def written(store: Store, path: str, value: Any) -> None:
            write(store, path, value)
            renewed.set()

        monkeypatch.setattr(Store, "write_json", written)
        assert renewed.wait(20)
    assert _claims(archive) == []


@pytest.mark.parametrize("where", ["bucket", "disk without locks"])
def test_of_many_at_once_at_most_one_holds_a_table(
    where: str, tmp_path: Path, s3: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_locks(*_: Any) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", no_locks)
    archive = Archive.create(f"s3://{BUCKET}/archive" if where == "bucket" else str(tmp_path / "archive"))
    holders, observed, refusals = 0, [0], []
    start, changing = threading.Barrier(6), threading.Lock()

    def hold() -> None:
        nonlocal holders
        start.wait()
        try:
            with archive.lock("images"):
                with changing:
                    holders += 1
                    observed.append(holders)
                with changing:
                    holders -= 1
        except UserError as error:
            refusals.append(str(error))

    threads = [threading.Thread(target=hold) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(observed) <= 1
    assert all("images is locked by another run" in message for message in refusals)


@pytest.mark.parametrize("where", ["bucket", "disk"])
def test_archives_that_are_made_at_the_same_time_are_one(where: str, tmp_path: Path, s3: S3Server) -> None:
    """An archive with two different shard counts would hide rows."""
    uri = f"s3://{BUCKET}/archive" if where == "bucket" else str(tmp_path / "archive")
    counts: list[int] = []
    start = threading.Barrier(5)

    def make(shards: int) -> None:
        start.wait()
        counts.append(Archive.create(uri, shards).shards)

    threads = [threading.Thread(target=make, args=(shards,)) for shards in range(1, 6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts == [Archive.open(uri).shards] * 5
    if where == "disk":
        assert [path.name for path in Path(uri).iterdir()] == ["archive.json"]


@pytest.mark.parametrize("where", ["bucket", "disk"])
def test_an_archive_that_another_run_makes_and_fills_meanwhile_is_used(
    where: str, tmp_path: Path, s3: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    uri = f"s3://{BUCKET}/archive" if where == "bucket" else str(tmp_path / "archive")
    look = module.check_not_lost

    def meanwhile(store: Store, uri: str) -> None:
        monkeypatch.setattr(module, "check_not_lost", look)
        catalog_of(uri, [{"id": f"made:{number}"} for number in range(9)], shards=7)
        look(store, uri)

    monkeypatch.setattr(module, "check_not_lost", meanwhile)
    archive = Archive.create(uri, 3)
    assert archive.shards == Archive.open(uri).shards == 7
    assert archive.table("catalog").count() == 9


def test_a_claim_that_is_withdrawn_while_it_is_read_holds_nobody_up(archive: Archive, s3: S3Server) -> None:
    path = "_locks/images/other.json"
    archive.write_json(path, {**this_process(), "machine": "far", "system": "another"})

    def withdraw_before_it_is_sent(request: Asked) -> None:
        if request.method == "GET" and request.path.endswith(path):
            s3.trouble = lambda _: None
            archive.store.remove_file(path)

    s3.trouble = withdraw_before_it_is_sent
    s3.asked.clear()
    with archive.lock("images"):
        assert len(_claims(archive)) == 1
    assert len([request for request in s3.asked if request.path.endswith(path) and request.method == "GET"]) == 1


def test_a_claim_that_cannot_be_read_is_no_free_table(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    archive.write_json("_locks/images/other.json", {**this_process(), "machine": "far", "system": "another"})

    def broken(self: Store, path: str) -> Any:
        raise OSError("AWS Error INTERNAL_FAILURE during GetObject operation")

    monkeypatch.setattr(Store, "read_json", broken)
    with pytest.raises(OSError, match="INTERNAL_FAILURE"):
        archive.lock("images").__enter__()
