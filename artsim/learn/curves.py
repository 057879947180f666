"""The curves of a training: in TensorBoard while it runs and after, and as a picture."""

import math
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from tensorboardX.event_file_writer import EventsWriter
from tensorboardX.proto.event_pb2 import Event
from tensorboardX.summary import scalar

from artsim.archive import Store
from artsim.learn.epochs import MEANRANK, Epoch
from artsim.pictures.curves import training_curves

_NOT_SHOWN = ("epoch", "seconds", "rows")


def live(store: Store, folder: str) -> Callable[[Epoch], None]:
    """Returns a function that logs an epoch for ``tensorboard --logdir``; it raises OSError if the disk is full.

    In an object store, where files can't grow, it does nothing.
    """
    if not store.is_local:
        return lambda _: None
    writer = _writer(Path(store.root, folder, "tensorboard"))
    return lambda epoch: _log(writer, epoch)


def write_curves(
    store: Store,
    folder: str,
    history: Sequence[Epoch],
    best: int,
    title: str,
    measured: str,
    measure: str = MEANRANK,
) -> str:
    """Writes all epochs for TensorBoard, and the picture, into a folder of the archive; returns the picture's path.

    ``measured`` says what ``measure`` was measured on.
    """
    with tempfile.TemporaryDirectory() as drafts:
        writer = _writer(Path(drafts))
        for epoch in history:
            _log(writer, epoch)
        writer.close()
        for file in Path(drafts).iterdir():
            with store.replace(f"{folder}/tensorboard/{file.name}") as draft:
                Path(draft).write_bytes(file.read_bytes())
    path = f"{folder}/curves.png"
    with store.replace(path) as draft:
        training_curves(history, best, title, measured, measure).save(draft, "PNG")
    return path


def _writer(folder: Path) -> EventsWriter:
    """Returns a writer like SummaryWriter that writes in the calling thread.

    On a full disk, the thread of a SummaryWriter ends and the training hangs.
    """
    folder.mkdir(parents=True, exist_ok=True)
    return EventsWriter(str(folder / "events"))


def _log(writer: EventsWriter, epoch: Epoch) -> None:
    for name in epoch.keys() - _NOT_SHOWN:
        if math.isnan(epoch[name]):  # no validation
            continue
        shown = name if name == "loss" else f"validation/{name}"
        writer.write_event(Event(wall_time=time.time(), step=int(epoch["epoch"]), summary=scalar(shown, epoch[name])))
    writer.flush()
