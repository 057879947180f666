"""The trials of a sweep over heads: each cross-validates one setting on all columns."""

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import ray
import torch
from ray import tune

from artsim.labels.cross_validation import OutOfFold, out_of_fold
from artsim.labels.examples import Examples
from artsim.labels.options import LabelsOptions
from artsim.labels.sweep.results import MEASURE
from artsim.labels.sweep.space import with_setting
from artsim.labels.train import fitted_together
from artsim.metrics.classification import top_hits
from artsim.metrics.interval import Score, mean_score


class LabelTrial(tune.Trainable):
    """Cross-validates one setting after another in a process; all processes on a machine share the examples."""

    def setup(
        self,
        config: dict[str, Any],
        examples: Examples | None = None,
        base: LabelsOptions | None = None,
        start: Any = None,
    ) -> None:
        """Prepares the process. ``start`` is the actor that lets the processes start together."""
        torch.set_num_threads(1)
        self._examples, self._base = examples, base
        self.reset_config(config)
        ray.get(start.wait_for_all.remote())

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Starts another setting."""
        self._setting = new_config
        return True

    def step(self) -> dict[str, Any]:
        """Measures the setting; a trial has one epoch."""
        assert self._examples is not None and self._base is not None
        started = time.monotonic()
        score = cross_validated(self._examples, with_setting(self._base, self._setting))
        return {
            MEASURE: score.value,
            "low": score.low,
            "high": score.high,
            "epochs": 1,
            "best_epoch": 1,
            "curve": [score.value],
            "training": time.monotonic() - started,
            "done": True,
        }


def cross_validated(examples: Examples, options: LabelsOptions) -> Score:
    """Returns the top-1 accuracy on unseen groups, averaged over the columns, with its interval.

    A column that the groups say too much about is cross-validated at random, as in ``evaluate``.
    """
    results, groups = list[OutOfFold](), list[np.ndarray]()
    for tasks in fitted_together(examples.tasks, options):
        of_rows = examples.groups_of(*tasks)
        if of_rows is None:  # each artwork is a group of its own, apart from those of other columns
            of_rows = examples.groups.max() + 1 + np.arange(len(examples.ids))
        results += out_of_fold(examples, tasks, options, of_rows)
        groups += [of_rows] * len(tasks)
    return _mean([top_hits(one.ranking, one.targets, 1) for one in results],
                 [of_rows[one.rows] for one, of_rows in zip(results, groups, strict=True)], options.seed)  # fmt: skip


def _mean(hits: Sequence[np.ndarray], groups: Sequence[np.ndarray], seed: int) -> Score:
    """Returns the mean of the columns' means: hits of columns with fewer artworks get more weight."""
    total = sum(map(len, hits))
    weighted = [own * (total / (len(hits) * len(own))) for own in hits]
    return mean_score(np.concatenate(weighted), seed, np.concatenate(groups))
