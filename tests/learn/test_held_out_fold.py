"""Fine-tuning holds out one fold; here a head, which trains in seconds, replaces the backbone."""

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from artsim.archive import Archive, UserError
from artsim.encoders.model import load_model
from artsim.learn import held_out_fold as module
from artsim.learn import train as training
from artsim.learn.epochs import Progress, epochs
from artsim.learn.experiment import Experiment
from artsim.learn.fold_plan import make_folds
from artsim.learn.heads.learner import HeadLearner
from artsim.learn.plan import IN_FOLDS, make_plan
from artsim.learn.recipe import Recipe
from artsim.learn.train import train
from artsim.learn.workers import ALONE
from tests.learn.annotated import annotated

_RECIPE = Recipe(hidden=8, dropout=0.2, epochs=6, patience=3, batch=32, learning_rate=0.01)
_EXPERIMENT = Experiment(
    {"features": ["dots"], "finetune": "a stand-in"}, _RECIPE, None, False, IN_FOLDS, None, 0, False
)


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return annotated(tmp_path / "archive")


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Trains in this process without Ray; returns each ``HeadTrainer`` with its last ``Progress``."""
    trained: list[Any] = []

    def run(make: Any, recipe: Recipe, *, seed: int, show: Any, **_: Any) -> Progress:
        trainer = make()
        for progress in epochs(trainer, recipe, seed):
            show(progress.history[-1])
        trained.append((trainer, progress))
        return progress

    for where in (training, module):
        monkeypatch.setattr(where, "run", run)
    monkeypatch.setattr("artsim.runtime.connect", lambda **_: None)
    monkeypatch.setattr("ray.put", lambda value: value)
    monkeypatch.setattr("ray.get", lambda value: value)
    return trained


def _train(archive: Archive, experiment: Experiment = _EXPERIMENT) -> dict[str, Any]:
    learner = partial(HeadLearner, archive, ["dots"], False, experiment.seed)
    return train(archive, "eye", experiment, learner, workers=ALONE, again=False)


def test_one_half_selects_the_epoch_and_the_other_is_scored(archive: Archive, here: list[Any]) -> None:
    report = _train(archive)
    (held, progress), (final, outcome) = here
    model = load_model(archive, "eye")
    learner = HeadLearner(archive, ["dots"], False, 0, None)
    settings = {"annotators": None, "links": False, "kind": IN_FOLDS, "column": None}
    plan = make_plan(archive, learner.usable, **settings, seed=0, public_only=False)
    fold = make_folds(archive, "_run", plan, _EXPERIMENT, ["new_images"]).folds[0]
    names = plan.rows["annotation_id"].to_pylist()
    scored = set(model.held_out["annotation_id"].to_pylist())
    assert scored < {names[row] for row in fold.rows}
    assert len(scored) == len(fold.rows) // 2
    assert len(held.validate()) == len(fold.rows) - len(scored), "the others choose"
    assert held.training.tolist() == fold.training.tolist()
    best = int(np.argmin([epoch["meanrank"] for epoch in progress.history])) + 1
    assert len(outcome.history) == report["epochs"] == best
    assert len(final.training) == report["split"]["training"] == 250
    score = model.card["scores"]["new_images"]
    assert (score["folds"], score["seen"], score["after"]["n"]) == (1, False, len(scored))
    assert score["after"]["value"] == pytest.approx(np.mean(model.held_out["rank"].to_pylist()))
    assert set(model.card["scores"]) == {"seen", "new_images"}


def test_a_finished_fold_is_not_trained_again(
    archive: Archive, here: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = training.run

    def stopped(*_: Any, **__: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(training, "run", stopped)
    with pytest.raises(KeyboardInterrupt):
        _train(archive)
    assert len(here) == 1
    monkeypatch.setattr(training, "run", run)
    Path(archive.uri, "models/_eye/held_out.parquet").write_bytes(b"half")
    with pytest.raises(UserError, match=r"held_out.parquet: .* damaged: .*; remove it and run the same command"):
        _train(archive)
    Path(archive.uri, "models/_eye/held_out.parquet").unlink()
    report = _train(archive)
    assert len(here) == 3
    assert report["scores"]["new_images"]["folds"] == 1


def test_too_few_annotations_to_hold_out_a_fold(tmp_path: Path, here: list[Any]) -> None:
    archive = annotated(tmp_path / "few", count=2)
    with pytest.raises(UserError, match="too few annotations to hold out a fold"):
        _train(archive, replace(_EXPERIMENT, split_by=None))
