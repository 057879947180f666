"""The trials of a sweep: a setting trained on every fold in step, or a backbone fine-tuned; one report an epoch."""

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from ray import tune

from artsim.archive import Store
from artsim.learn.discriminant import Spread
from artsim.learn.fit import HeadTrainee
from artsim.learn.recipe import Recipe
from artsim.learn.train_epochs import Epoch, best_epoch, epochs
from artsim.learn.train_loop import run
from artsim.learn.tune_folds import Fold
from artsim.learn.tune_space import Setting


class HeadTrial(tune.Trainable):
    """A head for each fold. The process serves one setting after another, and all of a machine share the vectors."""

    def setup(self, config: Setting, **shared: Any) -> None:
        """``shared`` is what ``tune.with_parameters`` shares: what ``_InStep`` takes."""
        torch.set_num_threads(1)
        self._shared = shared
        self.reset_config(config)

    def reset_config(self, new_config: Setting) -> bool:
        """Begins with another setting."""
        started = time.monotonic()
        shared = self._shared | {"recipe": replace(self._shared["recipe"], **new_config)}
        self._epochs = epochs(_InStep(**shared), shared["recipe"], shared["seed"])
        self._history: list[Epoch] = []
        self._seconds = time.monotonic() - started
        return True

    def step(self) -> dict[str, Any]:
        """An epoch on every fold, unless there were enough."""
        started = time.monotonic()
        progress = next(self._epochs, None)
        if progress:
            self._history = progress.history
        self._seconds += time.monotonic() - started
        return {**_report(self._history), "training": self._seconds, "done": progress is None}


class _InStep:
    """The heads of all folds as one trainee, whose ranks are those of all folds' validations."""

    def __init__(
        self,
        vectors: np.ndarray,
        folds: Sequence[Fold],
        groups: np.ndarray,
        total: Spread | None,
        recipe: Recipe,
        seed: int,
    ) -> None:
        self._heads = [
            HeadTrainee(vectors, fold.training, fold.validation, recipe, seed, groups, fold.pool, total)
            for fold in folds
        ]

    def train_epoch(self, epoch: int) -> dict[str, float]:
        return {"loss": float(np.mean([head.train_epoch(epoch)["loss"] for head in self._heads]))}

    def validate(self) -> np.ndarray:
        return np.concatenate([head.validate() for head in self._heads])

    def state(self) -> dict[str, Any]:
        return {}  # nobody goes on with a trial, nor keeps its heads

    def restore(self, state: dict[str, Any]) -> None:
        raise NotImplementedError("a trial that was stopped begins again")

    def tensors(self) -> dict[str, torch.Tensor]:
        return {}


def finetune_trial(
    config: Setting,
    pupil: Any,
    ids: Sequence[str],
    fold: Fold,
    groups: np.ndarray,
    recipe: Recipe,
    seed: int,
    workers: int,
    store: Store,
    folder: str,
) -> None:
    """A ``TorchTrainer`` on all of the cluster, as jobs.train runs it, on one fold."""
    recipe = replace(recipe, **config)
    history: list[Epoch] = []

    def show(epoch: Epoch) -> None:
        history.append(epoch)
        tune.report({**_report(history), "training": sum(one["seconds"] for one in history)})

    make = pupil.trainee(ids, fold.training, fold.validation, recipe, seed, groups, fold.pool)
    trial = tune.get_context().get_trial_id()
    run(make, recipe, workers=workers, store=store, folder=f"{folder}/{trial}", seed=seed, show=show)


def _report(history: Sequence[Epoch]) -> dict[str, Any]:
    """What a trial is worth so far: that of its best epoch, as jobs.train would keep it."""
    best = best_epoch(history)
    score = {name: history[best][name] for name in ("meanrank", "low", "high")}
    return {**score, "best_epoch": best, "curve": [epoch["meanrank"] for epoch in history]}
