from pathlib import Path

import pytest
import torch

from artsim.archive import Store
from artsim.learn import train_loop
from artsim.learn.train_epochs import Progress


def _checkpoint(folder: Path, epoch: int) -> Path:
    path = folder / f"epoch-{epoch:06d}" / "state.pt"
    path.parent.mkdir(parents=True)
    weight = torch.full((50,), float(epoch))
    torch.save({"history": [{"epoch": epoch}], "best": {"weight": weight}, "state": {"step": epoch}}, path)
    return path


def _latest(tmp_path: Path) -> Progress | None:
    return train_loop._latest(Store.open(str(tmp_path)), "models/_eye")


def test_the_latest_whole_checkpoint_counts(tmp_path: Path) -> None:
    folder = tmp_path / "models/_eye"
    assert _latest(tmp_path) is None
    (folder / "epoch-000000").mkdir(parents=True)
    assert _latest(tmp_path) is None
    for epoch in (1, 2, 10):
        last = _checkpoint(folder, epoch)
    (folder / "epoch-000011").mkdir()
    found = _latest(tmp_path)
    assert found is not None
    assert (found.history, found.state, found.best["weight"].tolist()) == ([{"epoch": 10}], {"step": 10}, [10.0] * 50)
    for size in (0, 1, 100, last.stat().st_size - 1):
        last.write_bytes(last.read_bytes()[:size])
        found = _latest(tmp_path)
        assert found is not None
        assert found.history == [{"epoch": 2}]
        _rewrite(last)


def _rewrite(path: Path) -> None:
    path.unlink()
    path.parent.rmdir()
    _checkpoint(path.parents[1], 10)


def test_a_torn_list_of_checkpoints_is_forgotten(tmp_path: Path) -> None:
    _checkpoint(tmp_path / "models/_eye", 3)
    torn = tmp_path / "models/_eye/checkpoint_manager_snapshot.json"
    torn.write_text('{"ray_version": "2.6')
    train_loop._forget_snapshot(Store.open(str(tmp_path)), "models/_eye")
    assert not torn.exists()
    assert _latest(tmp_path) is not None
    train_loop._forget_snapshot(Store.open(str(tmp_path)), "models/_eye")


def test_what_fails_in_the_background_fails() -> None:
    def broken() -> None:
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        train_loop._in_background(broken).result(5)
    assert train_loop._in_background(lambda: 7).result(5) == 7
