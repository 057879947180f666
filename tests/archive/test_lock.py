"""Table locks: one process holds a table until it ends, even if it is killed."""

import subprocess
import sys
from pathlib import Path

import pytest

from artsim.archive import Archive, UserError

_HOLD = """
import sys
from artsim.archive import Archive
with Archive.open(sys.argv[1]).lock("images", "features/eye"):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_table_is_held_by_one_process_until_it_dies(tmp_path: Path) -> None:
    archive = Archive.create(str(tmp_path))
    with subprocess.Popen(
        [sys.executable, "-c", _HOLD, archive.uri], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(UserError, match=rf"^features/eye is locked by another run \(process {other.pid} on "):
            archive.lock("features/eye").__enter__()
        with archive.lock("features/other", "models/eye"):
            pass
        other.kill()
    with archive.lock("images"), archive.lock("features/eye"):
        pass


def test_held_twice_in_one_process_is_twice_too_much(tmp_path: Path) -> None:
    archive = Archive.create(str(tmp_path))
    with (
        archive.lock("images"),
        pytest.raises(UserError, match="images is locked by another run"),
        archive.lock("images"),
    ):
        pass
    with archive.lock("images"):
        pass
