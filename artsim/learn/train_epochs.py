"""A training epoch by epoch: validated after each, the best kept, stopped early, gone on with. Knows no Ray."""

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch

from artsim.learn.recipe import Recipe
from artsim.measure.interval import mean_score

Epoch = dict[str, float]  # epoch from 1, loss, meanrank of the validation with low and high, seconds


class Trainee(Protocol):
    """What can be trained; made alike on every worker, where torch.distributed runs."""

    def train_epoch(self, epoch: int) -> dict[str, float]:
        """One pass; at least ``loss``. What is random goes by seed and epoch."""

    def validate(self) -> np.ndarray:
        """The ranks of the validation annotations, float64 (v,), the same on every worker."""

    def state(self) -> dict[str, Any]:
        """All that the training needs to go on."""

    def restore(self, state: dict[str, Any]) -> None:
        """Goes on from a ``state``."""

    def tensors(self) -> dict[str, torch.Tensor]:
        """What a model keeps."""


@dataclass(frozen=True)
class Progress:
    """How far a training is: its epochs, the tensors after the best of them, and what it goes on from."""

    history: list[Epoch]
    best: dict[str, torch.Tensor]
    state: dict[str, Any]


def epochs(trainee: Trainee, recipe: Recipe, seed: int = 0, begun: Progress | None = None) -> Iterator[Progress]:
    """Trains on, one epoch at a time, until the recipe's last, or none of ``patience`` was better than the best."""
    history = list(begun.history) if begun else []
    best = begun.best if begun else {}
    if begun:
        trainee.restore(begun.state)
    while not history or not _finished(history, recipe):
        epoch, started = len(history), time.monotonic()
        losses = trainee.train_epoch(epoch)
        score = mean_score(trainee.validate(), seed)
        figures = {"meanrank": score.value, "low": score.low, "high": score.high}
        history.append({"epoch": epoch + 1, **losses, **figures, "seconds": time.monotonic() - started})
        if best_epoch(history) == epoch:
            best = trainee.tensors()
        yield Progress(list(history), best, trainee.state())


def best_epoch(history: Sequence[Epoch]) -> int:
    """The first epoch of the best validation meanrank; without validation the last."""
    values = [epoch["meanrank"] for epoch in history]
    return len(values) - 1 if math.isnan(values[-1]) else values.index(min(values))


def _finished(history: Sequence[Epoch], recipe: Recipe) -> bool:
    return len(history) >= recipe.epochs or len(history) - 1 - best_epoch(history) >= recipe.patience
