import os
import threading
from pathlib import Path

import pytest

from artsim.archive.local_file import replacing


def test_two_writers_of_one_file_have_drafts_of_their_own(tmp_path: Path) -> None:
    """With one draft, the second writer would truncate the first one's."""
    target, both_wrote = tmp_path / "[map].png", threading.Barrier(2)

    def write(letter: str) -> None:
        with replacing(target) as draft:
            draft.write_text(letter * 1000)
            both_wrote.wait()
            assert draft.read_text() == letter * 1000

    threads = [threading.Thread(target=write, args=(letter,)) for letter in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert target.read_text() in ("a" * 1000, "b" * 1000)
    assert list(tmp_path.iterdir()) == [target]


def test_an_error_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    target = tmp_path / "map.csv"
    target.write_text("before")
    with pytest.raises(OSError, match="full"), replacing(target) as draft:
        draft.write_text("half")
        raise OSError("full")
    assert target.read_text() == "before"
    assert list(tmp_path.iterdir()) == [target]


def test_old_drafts_of_killed_runs_are_removed(tmp_path: Path) -> None:
    names = [".[map].png.aa.part", ".[map].png.bb.part", ".other.png.aa.part"]
    for name in names:
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (0, 0))
    (tmp_path / names[1]).touch()
    with replacing(tmp_path / "[map].png"):
        pass
    assert sorted(path.name for path in tmp_path.iterdir()) == names[1:]
