"""The epochs of a training for people to look at: for TensorBoard while it runs and after, and as a picture."""

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from tensorboardX import SummaryWriter

from artsim.archive import Store
from artsim.learn.train_epochs import Epoch
from artsim.pictures.curves import training_curves

_SHOWN = {"loss": "loss", "meanrank": "validation/meanrank", "low": "validation/low", "high": "validation/high"}


def live(store: Store, folder: str) -> Callable[[Epoch], None]:
    """What logs an epoch for ``tensorboard --logdir``; nothing where the files lie with objects, which can't grow."""
    if not store.is_local:
        return lambda _: None
    writer = SummaryWriter(str(Path(store.root, folder, "tensorboard")))

    def show(epoch: Epoch) -> None:
        _log(writer, epoch)
        writer.flush()

    return show


def keep_curves(store: Store, folder: str, history: Sequence[Epoch], best: int, title: str) -> str:
    """Writes all epochs for TensorBoard, and the picture, whose path it returns, into a folder of the archive."""
    with tempfile.TemporaryDirectory() as drafts:
        with SummaryWriter(drafts) as writer:
            for epoch in history:
                _log(writer, epoch)
        for file in Path(drafts).iterdir():
            with store.replace(f"{folder}/tensorboard/{file.name}") as draft:
                Path(draft).write_bytes(file.read_bytes())
    path = f"{folder}/curves.png"
    with store.replace(path) as draft:
        training_curves(history, best, title).save(draft, "PNG")
    return path


def _log(writer: SummaryWriter, epoch: Epoch) -> None:
    for name, shown in _SHOWN.items():
        writer.add_scalar(shown, epoch[name], int(epoch["epoch"]))
