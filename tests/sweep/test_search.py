"""The hyperparameter search on a real Ray cluster."""

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import ray.tune
from optuna.distributions import FloatDistribution

from artsim.archive import Store
from artsim.sweep.search import search

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def machine() -> Iterator[None]:
    ray.shutdown()  # tests before may have left one running
    ray.init("local", num_cpus=1, logging_level=logging.ERROR, log_to_driver=False)
    yield
    ray.shutdown()


class _LostBetweenTrials(ray.tune.Trainable):
    """A trainable whose process dies once between two trials, as on a lost machine."""

    def setup(self, config: dict[str, float], once: Path) -> None:
        self.once = once

    def reset_config(self, new_config: dict[str, float]) -> bool:
        if not self.once.exists():
            self.once.touch()
            os._exit(1)
        return True

    def step(self) -> dict[str, object]:
        score = {"meanrank": 2.0, "low": 1.0, "high": 3.0, "curve": [2.0]}
        return {**score, "epochs": 1, "best_epoch": 1, "training": 0.1, "done": True}


def test_a_trial_lost_before_its_start_is_rerun(
    tmp_path: Path, machine: None, caplog: pytest.LogCaptureFixture
) -> None:
    store = Store.open(str(tmp_path))
    trainable = ray.tune.with_parameters(_LostBetweenTrials, once=tmp_path / "once")
    space = {"m": FloatDistribution(0.1, 1)}
    trials = search(trainable, space, trials=3, epochs=1, seed=0, store=store, folder="sweeps/margins")
    assert [trial["number"] for trial in trials] == [1, 2, 3]
    assert "1 trials lost their process" in caplog.text


class _Broken(ray.tune.Trainable):
    def step(self) -> dict[str, object]:
        raise ValueError("no such margin")


def test_a_failed_trial_has_its_error(tmp_path: Path, machine: None) -> None:
    options = {"trials": 1, "epochs": 1, "seed": 0, "store": Store.open(str(tmp_path)), "folder": "sweeps/margins"}
    [trial] = search(_Broken, {"m": FloatDistribution(0.1, 1)}, **options)
    assert trial["error"] == "ValueError: no such margin"
