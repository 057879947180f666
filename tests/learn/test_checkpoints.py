import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from artsim.archive import Store
from artsim.learn.checkpoints import commit, latest
from artsim.learn.epochs import Progress, epochs
from artsim.learn.heads.trainer import HeadTrainer
from artsim.learn.recipe import Recipe

_RECIPE = Recipe(head="residual", hidden=3, epochs=4, patience=4)
_FOLDER = "models/_eye"


def _make() -> HeadTrainer:
    rng = np.random.default_rng(2)
    judged = np.array([rng.choice(20, 9, replace=False) for _ in range(12)])
    return HeadTrainer(rng.normal(size=(20, 4)).astype(np.float32), judged[:8], judged[8:], _RECIPE)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A store with the checkpoints of a training run of four epochs."""
    store = Store.open(str(tmp_path))
    for progress in epochs(_make(), _RECIPE):
        commit(store, _FOLDER, progress)
    return store


def _file(store: Store, epoch: int = 4) -> Path:
    return Path(store.root, _FOLDER, f"epoch-{epoch:06d}", "state.pt")


def _begun(store: Store) -> tuple[int, list[str]]:
    _, progress, unreadable = latest(store, _FOLDER, _make)
    return len(progress.history) if progress else 0, unreadable


def test_the_last_two_checkpoints_are_kept(store: Store) -> None:
    assert sorted(path.name for path in Path(store.root, _FOLDER).iterdir()) == ["epoch-000003", "epoch-000004"]
    assert _begun(store) == (4, [])
    trainer, progress, _ = latest(store, _FOLDER, _make)
    assert progress is not None
    for name, tensor in trainer.tensors().items():
        assert torch.equal(tensor, progress.state["head"][name])


def test_a_truncated_checkpoint_is_skipped(store: Store) -> None:
    path = _file(store)
    whole = path.read_bytes()
    for size in [*range(0, len(whole) - 1, 97), len(whole) - 1]:
        path.write_bytes(whole[:size])
        assert _begun(store) == (3, ["epoch-000004"]), size


class _MaliciousPickle:
    def __reduce__(self) -> Any:
        return Path.touch, (Path("/tmp/artsim-evil"),)


def _save(value: Any) -> Callable[[Path], None]:
    return lambda path: torch.save(value, path)


def _emptied(path: Path) -> None:
    known = torch.load(path, weights_only=True)
    torch.save({**known, "state": {"head": {}, "optimizer": {}}}, path)


def _without_best(path: Path) -> None:
    torch.save({**torch.load(path, weights_only=True), "best": {}}, path)


def _a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.write_bytes(bytes(path.stat().st_size)),
        lambda path: path.write_bytes(pickle.dumps(_MaliciousPickle(), 2)),
        lambda path: path.write_text("not a checkpoint"),
        _save({"epoch": 3}),
        _save({"history": [], "best": {}, "state": {}}),
        _save({"history": _MaliciousPickle(), "best": {}, "state": {}}),
        _save([1]),
        _save(None),
        _emptied,
        _without_best,
        _a_folder,
        Path.unlink,
    ],
)
def test_an_invalid_checkpoint_is_skipped_and_replaced(store: Store, spoil: Callable[[Path], None]) -> None:
    spoil(_file(store))
    trainer, begun, unreadable = latest(store, _FOLDER, _make)
    assert begun is not None
    assert (len(begun.history), unreadable) == (3, ["epoch-000004"])
    for progress in epochs(trainer, _RECIPE, 0, begun):
        commit(store, _FOLDER, progress)
    assert _begun(store) == (4, [])


def test_without_a_valid_checkpoint_training_starts_over(store: Store) -> None:
    for epoch in (3, 4):
        _file(store, epoch).write_bytes(b"")
    assert _begun(store) == (0, ["epoch-000004", "epoch-000003"])


def test_an_unreadable_later_checkpoint_does_not_remove_a_valid_one(store: Store) -> None:
    later = _file(store, 9)
    later.parent.mkdir()
    later.write_bytes(b"torn")
    progress = latest(store, _FOLDER, _make)[1]
    assert progress is not None
    commit(store, _FOLDER, Progress([*progress.history, progress.history[-1]], progress.best, progress.state))
    assert _begun(store) == (5, ["epoch-000009"])
