"""The epochs of a training: validates after each, keeps the best, stops early, can resume. Independent of Ray."""

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch

from artsim.metrics.interval import mean_score

Epoch = dict[str, float]  # epoch from 1, loss, the validation's measure with low and high, seconds
MEANRANK = "meanrank"


class Limits(Protocol):
    """When a training ends."""

    @property
    def epochs(self) -> int:
        """The maximum number of epochs."""

    @property
    def patience(self) -> int:
        """Epochs without a better validation score before the training stops."""


class Trainer(Protocol):
    """What can be trained. Where torch.distributed runs, every worker makes an identical one.

    ``measure`` is the name of what ``validate`` measures.
    """

    measure: str

    def train_epoch(self, epoch: int) -> dict[str, float]:
        """Trains for one pass; returns at least ``loss``. Randomness depends on seed and epoch alone."""

    def validate(self) -> np.ndarray:
        """Returns a number for each validation item, float64 (v,), the same on every worker; lower is better."""

    def state(self) -> dict[str, Any]:
        """Returns all that the training needs to resume."""

    def restore(self, state: dict[str, Any]) -> None:
        """Resumes from a ``state``."""

    def tensors(self) -> dict[str, torch.Tensor]:
        """Returns the tensors that a model keeps."""


@dataclass(frozen=True)
class Progress:
    """The progress of a training: its epochs, the tensors after the best one, and the state to resume from."""

    history: list[Epoch]
    best: dict[str, torch.Tensor]
    state: dict[str, Any]


def epochs(trainer: Trainer, limits: Limits, seed: int = 0, resumed: Progress | None = None) -> Iterator[Progress]:
    """Trains and yields after each epoch, until the last one or ``patience`` epochs without a new best."""
    history = list(resumed.history) if resumed else []
    best = resumed.best if resumed else {}
    if resumed:
        trainer.restore(resumed.state)
    while not history or not _finished(history, limits, trainer.measure):
        epoch, started = len(history), time.monotonic()
        losses = trainer.train_epoch(epoch)
        score = mean_score(trainer.validate(), seed)
        figures = {trainer.measure: score.value, "low": score.low, "high": score.high}
        history.append({"epoch": epoch + 1, **losses, **figures, "seconds": time.monotonic() - started})
        if best_epoch(history, trainer.measure) == epoch:
            best = trainer.tensors()
        yield Progress(list(history), best, trainer.state())


def best_epoch(history: Sequence[Epoch], measure: str = MEANRANK) -> int:
    """Returns the index of the first epoch with the best validation score; without validation, of the last."""
    values = [epoch[measure] for epoch in history]
    return len(values) - 1 if math.isnan(values[-1]) else values.index(min(values))


def _finished(history: Sequence[Epoch], limits: Limits, measure: str) -> bool:
    return len(history) >= limits.epochs or len(history) - 1 - best_epoch(history, measure) >= limits.patience
