"""Training on a disk that fills up: one line, exit 1, and the same command continues once there is space."""

import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from artsim.archive import Archive
from artsim.learn.checkpoints import commit
from artsim.learn.epochs import Progress
from tests.learn.annotated import annotated

_TRAIN = [
    "--features",
    "dots",
    "--epochs",
    "4",
    "--patience",
    "4",
    "--head",
    "mlp",
    "--hidden",
    "1024",
]  # a checkpoint of some 20 MB


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    """150 artworks with features and annotations, on a 40 MB disk of their own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=40m", "tmpfs", folder], capture_output=True).returncode:
        pytest.skip("a small disk needs the right to mount one")
    yield annotated(folder / "archive")
    subprocess.run(["umount", folder], check=True)


def _leave(archive: Archive, kilobytes: int) -> None:
    """Resizes the archive's disk so that this many kilobytes are free."""
    disk = Path(archive.uri).parent
    room = os.statvfs(disk)
    used = (room.f_blocks - room.f_bfree) * room.f_frsize // 1024
    subprocess.run(["mount", "-o", f"remount,size={used + kilobytes}k", disk], check=True)


def _run(archive: Archive, job: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", f"jobs.{job}", "--archive", archive.uri, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=300)


def _full(done: subprocess.CompletedProcess[str]) -> bool:
    lines = done.stderr.strip().splitlines()
    return done.returncode == 1 and "the disk is full" in lines[-1] and "Traceback" not in done.stderr


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_full_disk_is_reported_and_training_resumes_later(archive: Archive) -> None:
    _leave(archive, 5_000)
    failed = _run(archive, "train", "--name", "eye", *_TRAIN)
    assert _full(failed), failed.stderr[-3000:]
    kept = sorted(Path(archive.uri).glob("models/_eye/epoch-*/*"))
    assert {path.name for path in kept} <= {"state.pt"}
    _leave(archive, 300_000)
    done = _run(archive, "train", "--name", "eye", *_TRAIN)
    assert done.returncode == 0, done.stderr[-3000:]
    assert archive.read_json("models/eye/card.json")


def test_writing_curves_on_a_full_disk_raises(archive: Archive) -> None:
    """Runs in its own process, where a dying thread would print its traceback or prevent the exit."""
    _leave(archive, 8)
    code = """
import errno, sys
from artsim.archive import Archive
from artsim.learn.curves import live
show = live(Archive.open(sys.argv[1]).store, "models/_eye")
try:
    for epoch in range(1, 500):
        show({"loss": 1.0, "meanrank": 2.0, "low": 1.0, "high": 3.0, "epoch": epoch})
except OSError as error:
    sys.exit(7 if error.errno == errno.ENOSPC else 1)
"""
    done = subprocess.run([sys.executable, "-c", code, archive.uri], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (7, "")


def test_a_checkpoint_on_a_full_disk_is_complete_or_absent(archive: Archive) -> None:
    progress = Progress(state={"w": torch.zeros(200_000)}, best={}, history=[{"epoch": 1, "meanrank": 2.0}])
    commit(archive.store, "models/_eye", progress)
    _leave(archive, 100)
    later = replace(progress, history=[*progress.history, {"epoch": 2, "meanrank": 1.0}])
    with pytest.raises(OSError, match="No space left") as full:
        commit(archive.store, "models/_eye", later)
    assert full.value.errno == errno.ENOSPC
    kept = [path for path in Path(archive.uri).glob("models/_eye/**/*") if path.is_file()]
    assert [(path.parent.name, path.name) for path in kept] == [("epoch-000001", "state.pt")]
    _leave(archive, 5_000)
    commit(archive.store, "models/_eye", later)
    assert len(list(Path(archive.uri).glob("models/_eye/*/state.pt"))) == 2
