from typing import Any

import numpy as np
import pytest
import torch

from artsim.learn.epochs import best_epoch, epochs
from artsim.learn.recipe import Recipe


class _ScriptedLearner:
    """A learner whose validation returns given mean ranks; its only weight is the number of the last epoch."""

    measure = "meanrank"

    def __init__(self, meanranks: list[float]) -> None:
        self.meanranks, self.epoch = meanranks, -1

    def train_epoch(self, epoch: int) -> dict[str, float]:
        assert epoch == self.epoch + 1
        self.epoch = epoch
        return {"loss": 1.0 / (1 + epoch)}

    def validate(self) -> np.ndarray:
        return np.full(3, self.meanranks[self.epoch]) if self.meanranks else np.empty(0)

    def state(self) -> dict[str, Any]:
        return {"epoch": self.epoch}

    def restore(self, state: dict[str, Any]) -> None:
        self.epoch = state["epoch"]

    def tensors(self) -> dict[str, torch.Tensor]:
        return {"weight": torch.tensor(float(self.epoch))}


@pytest.mark.parametrize(
    ("meanranks", "patience", "trained", "best"),
    [
        ([4, 3, 2, 1, 1, 1, 1, 1], 9, 6, 3),
        ([4, 3, 2, 2.5, 2.4, 2.3, 1, 1], 3, 6, 2),
        ([4, 3, 2, 2.5, 2.4, 1, 1, 1], 3, 6, 5),
        ([2, 2, 2, 2, 2, 2], 2, 3, 0),
        ([1, 2, 3, 4, 5, 6], 1, 2, 0),
        ([8, 8, 8, 8, 8, 8], 3, 4, 0),
    ],
)
def test_the_best_epoch_is_kept_and_training_stops_early(
    meanranks: list[float], patience: int, trained: int, best: int
) -> None:
    *_, last = epochs(_ScriptedLearner(meanranks), Recipe(epochs=6, patience=patience))
    assert [epoch["epoch"] for epoch in last.history] == list(range(1, trained + 1))
    assert [epoch["meanrank"] for epoch in last.history] == meanranks[:trained]
    assert best_epoch(last.history) == best
    assert last.best["weight"] == best


def test_without_validation_the_last_epoch_is_kept() -> None:
    *_, last = epochs(_ScriptedLearner([]), Recipe(epochs=6, patience=1))
    assert len(last.history) == 6
    assert (best_epoch(last.history), last.best["weight"]) == (5, 5)


@pytest.mark.parametrize("stop", range(1, 6))
def test_resuming_equals_not_stopping(stop: int) -> None:
    meanranks, recipe = [4, 2, 3, 2.5, 1.5, 3], Recipe(epochs=6, patience=4)
    *_, whole = epochs(_ScriptedLearner(meanranks), recipe)
    progress = [step for step, _ in zip(epochs(_ScriptedLearner(meanranks), recipe), range(stop), strict=False)][-1]
    resumed = [progress, *epochs(_ScriptedLearner(meanranks), recipe, resumed=progress)][-1]
    without_time = [[{**epoch, "seconds": 0} for epoch in run.history] for run in (whole, resumed)]
    assert without_time[0] == without_time[1]
    assert (whole.best, whole.state) == (resumed.best, resumed.state)


def test_a_finished_training_does_not_continue() -> None:
    recipe = Recipe(epochs=3)
    *_, last = epochs(_ScriptedLearner([3, 2, 1]), recipe)
    assert list(epochs(_ScriptedLearner([3, 2, 1]), recipe, resumed=last)) == []
