"""The trials of a sweep: a setting trained on all folds in lockstep, or a backbone fine-tuned on one."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
import ray
import torch
from ray import tune

from artsim.archive import Store
from artsim.encoders.discriminant import Covariance
from artsim.encoders.heads import Head
from artsim.learn.epochs import MEANRANK, Epoch, best_epoch, epochs
from artsim.learn.fold_plan import Fold
from artsim.learn.heads.trainer import HeadTrainer
from artsim.learn.ray_train import run
from artsim.learn.recipe import Recipe
from artsim.learn.workers import Workers
from artsim.sweep.search import rungs
from artsim.sweep.search_space import Setting

_BARRIER_TIMEOUT = 30.0  # seconds that the first process of a sweep waits for the others
_CACHED_FITS = 64  # fitted heads that a process caches: settings that differ in margins alone start from the same ones


class HeadTrial(tune.Trainable):
    """Trains a head for each fold. A process runs one setting after another; all on a machine share the vectors."""

    def setup(self, config: Setting, start: Any = None, **shared: Any) -> None:
        """Prepares the process and its first setting.

        ``shared`` is what ``tune.with_parameters`` shares: the arguments of ``_InStep`` except ``fitted``. ``start`` is
        the actor that lets the processes start together.
        """
        torch.set_num_threads(1)
        self._shared = shared
        self._fitted = lru_cache(_CACHED_FITS)(self._fit)
        self.reset_config(config)
        if start is not None:
            ray.get(start.wait_for_all.remote())

    def reset_config(self, new_config: Setting) -> bool:
        """Starts another setting."""
        started = time.monotonic()
        shared = self._shared | {"recipe": replace(self._shared["recipe"], **new_config)}
        self._epochs = epochs(_AllFolds(**shared, fitted=self._fitted), shared["recipe"], shared["seed"])
        self._rungs = rungs(shared["recipe"].epochs)
        self._history: list[Epoch] = []
        self._seconds = time.monotonic() - started
        return True

    def step(self) -> dict[str, Any]:
        """Trains every fold up to the next rung or the end: reporting every epoch would take as long as training."""
        started, done = time.monotonic(), True
        for progress in self._epochs:
            self._history = progress.history
            if len(self._history) in self._rungs:
                done = False
                break
        self._seconds += time.monotonic() - started
        return {**_report(self._history), "training": self._seconds, "done": done}

    def _fit(self, fold: int, head: str, hidden: int, shrinkage: float) -> Mapping[str, torch.Tensor]:
        """Returns the buffers of a head with these options, fitted to a fold."""
        vectors, training = torch.tensor(self._shared["vectors"]), self._shared["folds"][fold].training
        recipe = replace(self._shared["recipe"], head=head, hidden=hidden, shrinkage=shrinkage)
        fitted_head = Head(vectors.shape[1], recipe)
        fitted_head.fit(vectors, training, self._shared["total"], recipe)
        return dict(fitted_head.named_buffers())


class StartBarrier:
    """An actor where the first processes wait for each other, for a limited time.

    While the process of a trial is starting, Tune gives the trial to any process that is free and cancels the start.
    With short trials, the first process would take all of them and no other process would ever start.
    """

    def __init__(self, processes: int) -> None:
        self._missing, self._all_arrived = processes, asyncio.Event()

    async def wait_for_all(self) -> None:
        """Returns when all processes have arrived, or after ``_BARRIER_TIMEOUT`` seconds."""
        self._missing -= 1
        if self._missing <= 0:
            self._all_arrived.set()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._all_arrived.wait(), _BARRIER_TIMEOUT)


class _AllFolds:
    """The heads of all folds as one ``Trainer``, whose ranks are those of all folds' validation sets."""

    measure = MEANRANK

    def __init__(
        self,
        vectors: np.ndarray,
        folds: Sequence[Fold],
        groups: np.ndarray,
        total: Covariance | None,
        recipe: Recipe,
        seed: int,
        fitted: Callable[[int, str, int, float], Mapping[str, torch.Tensor]],
    ) -> None:
        self._heads = []
        for number, fold in enumerate(folds):
            buffers = fitted(number, recipe.head, recipe.hidden, recipe.shrinkage)
            arguments = (recipe, seed, groups, fold.pool, total, buffers)
            self._heads.append(HeadTrainer(vectors, fold.training, fold.validation, *arguments))

    def train_epoch(self, epoch: int) -> dict[str, float]:
        return {"loss": float(np.mean([head.train_epoch(epoch)["loss"] for head in self._heads]))}

    def validate(self) -> np.ndarray:
        return np.concatenate([head.validate() for head in self._heads])

    def state(self) -> dict[str, Any]:
        return {}  # trials don't resume, and their heads are not kept

    def restore(self, state: dict[str, Any]) -> None:
        raise NotImplementedError("trials don't resume; an interrupted trial starts over")

    def tensors(self) -> dict[str, torch.Tensor]:
        return {}


def finetune_trial(
    config: Setting,
    learner: Any,
    ids: Sequence[str],
    fold: Fold,
    groups: np.ndarray,
    recipe: Recipe,
    seed: int,
    workers: Workers,
    store: Store,
    folder: str,
) -> None:
    """Fine-tunes on one fold with a ``TorchTrainer`` on the whole cluster, as jobs.train does."""
    recipe = replace(recipe, **config)
    history: list[Epoch] = []

    def show(epoch: Epoch) -> None:
        history.append(epoch)
        tune.report({**_report(history), "training": sum(past["seconds"] for past in history)})

    shared = learner.shared_data(ids, recipe, seed)
    make = learner.trainer(shared, fold.training, fold.validation, recipe, seed, groups, fold.pool)
    trial = tune.get_context().get_trial_id()
    run(make, recipe, workers=workers, store=store, folder=f"{folder}/{trial}", seed=seed, show=show)


def _report(history: Sequence[Epoch]) -> dict[str, Any]:
    """Returns the score of a trial so far: that of its best epoch, which jobs.train would keep."""
    best = best_epoch(history)
    score = {name: history[best][name] for name in ("meanrank", "low", "high")}
    return {**score, "epochs": len(history), "best_epoch": best + 1, "curve": [epoch["meanrank"] for epoch in history]}
