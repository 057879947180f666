import json
import re
import tomllib
from pathlib import Path

import numpy as np
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from artsim.archive import Archive, UserError
from artsim.learn.backbones.recipe import FinetuneRecipe
from artsim.learn.experiment import Experiment
from artsim.learn.fold_plan import tuning_folds
from artsim.learn.heads.learner import HeadLearner
from artsim.learn.heads.trainer import HeadTrainer
from artsim.learn.plan import TEST, Plan, make_plan
from artsim.learn.recipe import Recipe
from artsim.options import chosen
from artsim.sweep.results import write_results
from artsim.sweep.search import Trial, rungs
from artsim.sweep.search_space import parse_space
from artsim.sweep.trials import HeadTrial
from jobs.train import job
from tests.learn.annotated import annotated


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    return annotated(tmp_path_factory.mktemp("tune") / "archive")


def _experiment(**recipe: object) -> Experiment:
    return Experiment(
        {"features": ["dots"], "whiten": False}, Recipe(**recipe), None, False, "image-disjoint", None, 0, False
    )


def _planned(archive: Archive) -> tuple[HeadLearner, Plan]:
    learner = HeadLearner(archive, ["dots"], False, 0, None)
    options = {"annotators": None, "links": False, "kind": "image-disjoint", "column": None}
    return learner, make_plan(archive, learner.usable, **options, seed=0, public_only=False)


def test_a_space_has_ranges_and_choices() -> None:
    texts = [
        "m=0:1",
        "m2=0.1:0.5",
        "lr=1e-5:1e-2:log",
        "hidden=8,64",
        "swap=true,false",
        "batch=16:64",
        "head=linear,mlp",
    ]
    assert parse_space(texts, Recipe()) == {
        "margin": FloatDistribution(0, 1),
        "intra_margin": FloatDistribution(0.1, 0.5),
        "learning_rate": FloatDistribution(1e-5, 1e-2, log=True),
        "hidden": CategoricalDistribution([8, 64]),
        "swap": CategoricalDistribution([True, False]),
        "batch": IntDistribution(16, 64),
        "head": CategoricalDistribution(["linear", "mlp"]),
    }
    assert parse_space(["intra-margin=none,0.5"], Recipe()) == {"intra_margin": CategoricalDistribution([None, 0.5])}
    assert list(parse_space(["layer_decay=0.5:1"], FinetuneRecipe())) == ["layer_decay"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("shoe=1:2", "shoe can't be searched; choose one of head"),
        ("layer_decay=0.5:1", "layer_decay can't be searched"),
        ("epochs=1:2", "epochs can't be searched"),
        ("m", "an empty value is not a number"),
        ("m=0", "give two or more different choices"),
        ("m=0.5,0.5", "two or more different choices"),
        ("m=1:0", "LOW must be less than HIGH"),
        ("m=-1:1", "`margin` -1"),
        ("m=0:nan", "`margin` nan"),
        ("m=0:1:log", "more than 0 in a log range"),
        ("m=0:1:lg", "a range must be LOW:HIGH"),
        ("hidden=8:1e3", "1e3 is not a whole number"),
        ("dropout=0:1", "`dropout` 1"),
        ("swap=yes,no", "swap must be true or false"),
        ("head=linear,tail", "`head` tail"),
        ("head=linear:mlp", "a range must be LOW:HIGH"),
    ],
)
def test_an_invalid_space_is_a_user_error(text: str, words: str) -> None:
    with pytest.raises(UserError, match=f"^`space` {re.escape(text)}: .*{words}"):
        parse_space([text], Recipe())


def test_settings_are_not_repeated() -> None:
    with pytest.raises(UserError, match="margin is given twice"):
        parse_space(["m=0:1", "margin=0:1"], Recipe())


def test_folds_share_no_image_and_exclude_the_test_set(archive: Archive) -> None:
    learner, plan = _planned(archive)
    cut = tuning_folds(archive, "sweeps/made", learner, plan, _experiment(), count=3, may_mine=True)
    held_out = set(plan.images(TEST).flat)
    assert held_out
    assert held_out.isdisjoint(cut.ids)
    validated: list[bytes] = []
    for fold in cut.folds:
        assert not set(fold.training.flat) & set(fold.validation.flat)
        assert not set(fold.pool) & set(fold.validation.flat)
        assert set(fold.training.flat) <= set(fold.pool)
        validated += [row.tobytes() for row in fold.validation]
    known = {image_id: place for place, image_id in enumerate(cut.ids)}
    rows = [
        np.array([known[image_id] for image_id in image_ids])
        for image_ids in plan.rows["images"].to_pylist()
        if known.keys() >= {*image_ids}
    ]
    assert set(validated) <= {row.tobytes() for row in rows}
    assert len(validated) == len(set(validated)) > 0.8 * len(rows)


def test_one_fold_matches_a_training(archive: Archive) -> None:
    learner, plan = _planned(archive)
    (fold,) = tuning_folds(archive, "sweeps/made", learner, plan, _experiment(), count=1, may_mine=False).folds
    assert len(fold.training) == plan.counts["training"]
    assert len(fold.validation) == plan.counts["validation"]


@pytest.mark.parametrize("head", ["residual", "discriminant"])
def test_a_trial_score_is_the_mean_over_all_folds(archive: Archive, head: str) -> None:
    """Trains one head per fold for comparison; the trial has already served other settings."""
    learner, plan = _planned(archive)
    experiment = _experiment(head=head, hidden=4, loss="triplet", learning_rate=0.01, batch=40, epochs=5, patience=9)
    cut = tuning_folds(archive, "sweeps/made", learner, plan, experiment, count=3, may_mine=False)
    vectors, recipe = learner.untrained_vectors(cut.ids), experiment.recipe
    expected = np.zeros((5, sum(len(fold.validation) for fold in cut.folds)))
    done = 0
    for fold in cut.folds:
        trainer = HeadTrainer(vectors, fold.training, fold.validation, Recipe(**vars(recipe) | {"margin": 0.4}))
        for epoch in range(5):
            trainer.train_epoch(epoch)
            expected[epoch, done : done + len(fold.validation)] = trainer.validate()
        done += len(fold.validation)
    curve = [sum(values) / len(values) for values in expected.tolist()]

    trial = HeadTrial.__new__(HeadTrial)
    shared = {"folds": cut.folds, "groups": cut.groups, "total": None, "recipe": recipe, "seed": 0}
    trial.setup({"margin": 0.1, "hidden": 2}, vectors=vectors, **shared)
    trial.step()
    for setting in ({"margin": 0.1}, {"margin": 0.4}):
        assert trial.reset_config(setting)
    reports = [trial.step() for _ in range(3)]
    assert [report["epochs"] for report in reports] == [1, 4, 5], "the rungs, and the end"
    np.testing.assert_allclose(reports[2]["curve"], curve)
    assert [report["meanrank"] for report in reports] == [min(curve[:count]) for count in (1, 4, 5)]
    assert [report["done"] for report in reports] == [False, False, True]
    assert reports[2]["low"] < reports[2]["meanrank"] < reports[2]["high"]


def test_no_trial_is_stopped_before_a_fifth_of_its_epochs() -> None:
    assert [rungs(epochs) for epochs in (1, 3, 5, 30, 60)] == [[1], [1], [1, 4], [6, 24], [12, 48]]


def test_a_diverged_head_ranks_last(archive: Archive) -> None:
    learner, plan = _planned(archive)
    experiment = _experiment(head="mlp", hidden=4, loss="triplet", learning_rate=1e8, epochs=2, reduction="sum")
    cut = tuning_folds(archive, "sweeps/made", learner, plan, experiment, count=2, may_mine=False)
    vectors = learner.untrained_vectors(cut.ids) * np.float32(1e20)
    trial = HeadTrial.__new__(HeadTrial)
    shared = {"folds": cut.folds, "groups": cut.groups, "total": None, "recipe": experiment.recipe, "seed": 0}
    trial.setup({}, vectors=vectors, **shared)
    reports = [trial.step() for _ in range(2)]
    assert all(np.isfinite(report["meanrank"]) for report in reports)


def _trials() -> list[Trial]:
    shared = {"low": 2.0, "high": 4.0, "best_epoch": 1, "seconds": 1.0}
    first, second, excluded = ({"margin": margin, "swap": margin > 0.3} for margin in (0.5, 0.1, 0.2))
    return [
        {"number": 1, "setting": first, "meanrank": 3.5, "epochs": 2, "curve": [3.6, 3.5], **shared},
        {"number": 2, "setting": second, "meanrank": 2.5, "epochs": 9, "curve": [2.5] * 9, **shared},
        {"number": None, "setting": excluded, "error": "broke"},
    ]


def test_the_best_setting_is_written_as_training_options(archive: Archive) -> None:
    experiment = _experiment(loss="triplet", epochs=9)
    space = parse_space(["m=0:1", "swap=true,false"], experiment.recipe)
    summary = write_results(archive, "kept", experiment, space, _trials(), "made up")
    assert summary["best"] == {"m": 0.1, "swap": False, "meanrank": 2.5, "low": 2.0, "high": 4.0}
    written = tomllib.loads(Path(summary["config"]).read_text(encoding="utf-8"))
    assert (written["name"], written["features"], written["margin"]) == ("kept", ["dots"], 0.1)
    options = job._parse(["--archive", archive.uri, "--config", summary["config"]]).options
    assert chosen(options.recipe, Recipe) == Recipe(loss="triplet", epochs=9, margin=0.1, swap=False)
    assert (options.name, options.features, options.split, options.seed) == ("kept", ("dots",), "image-disjoint", 0)
    lines = Path(summary["table"]).read_text(encoding="utf-8").splitlines()
    assert [line.split(" | ")[0] for line in lines if line[:3] in ("| 1", "| 2")] == ["| 2", "| 1"]
    assert any("2, stopped" in line for line in lines)
    rows = Path(summary["csv"]).read_text(encoding="utf-8").splitlines()
    assert rows[0].startswith("trial,m,swap,meanrank,")
    assert len(rows) == 3
    assert Path(summary["picture"]).stat().st_size > 10_000
    json.dumps(summary, allow_nan=False)
