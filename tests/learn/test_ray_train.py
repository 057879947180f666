from pathlib import Path

import pytest

from artsim.archive import Store
from artsim.learn import ray_train


def test_a_truncated_checkpoint_list_is_deleted(tmp_path: Path) -> None:
    (tmp_path / "models/_eye").mkdir(parents=True)
    torn = tmp_path / "models/_eye/checkpoint_manager_snapshot.json"
    torn.write_text('{"ray_version": "2.6')
    ray_train._delete_snapshot(Store.open(str(tmp_path)), "models/_eye")
    assert not torn.exists()
    ray_train._delete_snapshot(Store.open(str(tmp_path)), "models/_eye")


def test_exceptions_of_the_background_thread_are_raised() -> None:
    def broken() -> None:
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        ray_train._in_background(broken).result(5)
    assert ray_train._in_background(lambda: 7).result(5) == 7
