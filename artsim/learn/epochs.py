"""The epochs of a training: validates after each, keeps the best, stops early, can resume. Independent of Ray."""

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch

from artsim.learn.recipe import Recipe
from artsim.metrics.interval import mean_score

Epoch = dict[str, float]  # epoch from 1, loss, validation meanrank with low and high, seconds


class Trainer(Protocol):
    """What can be trained. Where torch.distributed runs, every worker makes an identical one."""

    def train_epoch(self, epoch: int) -> dict[str, float]:
        """Trains for one pass; returns at least ``loss``. Randomness depends on seed and epoch alone."""

    def validate(self) -> np.ndarray:
        """Returns the ranks of the validation annotations, float64 (v,), the same on every worker."""

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


def epochs(trainer: Trainer, recipe: Recipe, seed: int = 0, resumed: Progress | None = None) -> Iterator[Progress]:
    """Trains and yields after each epoch, until the recipe's last or ``patience`` epochs without a new best."""
    history = list(resumed.history) if resumed else []
    best = resumed.best if resumed else {}
    if resumed:
        trainer.restore(resumed.state)
    while not history or not _finished(history, recipe):
        epoch, started = len(history), time.monotonic()
        losses = trainer.train_epoch(epoch)
        score = mean_score(trainer.validate(), seed)
        figures = {"meanrank": score.value, "low": score.low, "high": score.high}
        history.append({"epoch": epoch + 1, **losses, **figures, "seconds": time.monotonic() - started})
        if best_epoch(history) == epoch:
            best = trainer.tensors()
        yield Progress(list(history), best, trainer.state())


def best_epoch(history: Sequence[Epoch]) -> int:
    """Returns the index of the first epoch with the best validation meanrank; without validation, of the last."""
    values = [epoch["meanrank"] for epoch in history]
    return len(values) - 1 if math.isnan(values[-1]) else values.index(min(values))


def _finished(history: Sequence[Epoch], recipe: Recipe) -> bool:
    return len(history) >= recipe.epochs or len(history) - 1 - best_epoch(history) >= recipe.patience
