"""The checkpoints of a training: one file per epoch, written atomically; unreadable ones are skipped."""

import io
from collections.abc import Callable
from pathlib import Path

import torch

from artsim.archive import Store
from artsim.learn.epochs import Progress, Trainer

_CHECKPOINT, _STATE = "epoch-", "state.pt"


def commit(store: Store, folder: str, progress: Progress) -> None:
    """Writes a training's progress; keeps this checkpoint and the one before it. Raises OSError if the disk is full."""
    name = f"{_CHECKPOINT}{len(progress.history):06d}"
    content = io.BytesIO()
    torch.save(vars(progress), content)  # writing straight to a file, a full disk would raise RuntimeError
    store.remove(f"{folder}/{name}")  # there may be an unreadable one
    with store.replace(f"{folder}/{name}/{_STATE}") as draft:
        Path(draft).write_bytes(content.getbuffer())
    for older in [checkpoint for checkpoint in _names(store, folder) if checkpoint < name][:-1]:
        store.remove(f"{folder}/{older}")


def latest(store: Store, folder: str, make: Callable[[], Trainer]) -> tuple[Trainer, Progress | None, list[str]]:
    """Returns a learner, the last progress that it can resume from, and the names of later checkpoints that it can't.

    ``make`` makes the learner; it may be called once for each checkpoint.
    """
    unreadable: list[str] = []
    for name in reversed(_names(store, folder)):
        trainer = make()
        try:
            progress = _read(store, f"{folder}/{name}/{_STATE}")
            trainer.restore(progress.state)
            if progress.best.keys() != trainer.tensors().keys():
                raise ValueError("the best weights belong to a different model")
        except Exception as error:
            if isinstance(error, OSError) and not store.is_local and not isinstance(error, FileNotFoundError):
                raise  # a network error: a retry may succeed
            unreadable.append(name)
            continue
        return trainer, progress, unreadable
    return make(), None, unreadable


def _read(store: Store, path: str) -> Progress:
    with store.open_input(path) as source:
        progress = Progress(**torch.load(io.BytesIO(source.read()), map_location="cpu", weights_only=True))
    if not progress.history:
        raise ValueError("no epochs")
    return progress


def _names(store: Store, folder: str) -> list[str]:
    return [name for name in store.names(folder) if name.startswith(_CHECKPOINT)]
