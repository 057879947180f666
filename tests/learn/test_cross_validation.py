"""The released model is trained on every annotation and scored by folds that held out what they test."""

import json
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from artsim.annotations.annotations import read_annotations
from artsim.annotations.folds import KINDS, NEW_ANNOTATIONS, NEW_GROUPS, NEW_IMAGES
from artsim.archive import CATALOG, Archive, UserError
from artsim.encoders.discriminant import Covariance
from artsim.encoders.model import load_model
from artsim.learn import cross_validation as module
from artsim.learn import train as training
from artsim.learn.epochs import Progress, epochs
from artsim.learn.experiment import Experiment
from artsim.learn.fold_plan import kinds_of, make_folds
from artsim.learn.heads.learner import HeadLearner, covariance_of
from artsim.learn.heads.trainer import HeadTrainer
from artsim.learn.plan import IN_FOLDS, make_plan, pool_sample
from artsim.learn.recipe import Recipe
from artsim.learn.train import train
from artsim.learn.workers import ALONE
from artsim.metrics.meanrank import ranks
from tests.learn.annotated import annotated, kind_of, pool_of

_RECIPE = Recipe(hidden=8, dropout=0.2, epochs=6, patience=2, batch=32, learning_rate=0.01)
_EXPERIMENT = Experiment({"features": ["dots"]}, _RECIPE, None, False, IN_FOLDS, "artist", 0, False)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    return annotated(tmp_path_factory.mktemp("folds") / "archive")


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return annotated(tmp_path / "archive")


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Trains in this process without Ray; returns the ``HeadTrainer`` objects, those of the folds first."""
    trainers: list[Any] = []

    def remember(make: Any) -> Any:
        trainers.append(make())
        return trainers[-1]

    def run(make: Any, recipe: Recipe, *, seed: int, show: Any, **_: Any) -> Progress:
        for progress in epochs(remember(make), recipe, seed):
            show(progress.history[-1])
        return progress

    def answers(made: Mapping[int, Any], recipe: Recipe, seed: int) -> Iterator[tuple[int, Any]]:
        for number, make in made.items():
            yield number, module._train_fold(partial(remember, make), recipe, seed)

    monkeypatch.setattr(training, "run", run)
    monkeypatch.setattr(module, "_task_results", answers)
    monkeypatch.setattr("artsim.runtime.connect", lambda **_: None)
    monkeypatch.setattr("ray.put", lambda value: value)
    monkeypatch.setattr("ray.get", lambda value: value)
    return trainers


def _train(
    archive: Archive, experiment: Experiment = _EXPERIMENT, name: str = "eye", again: bool = False
) -> dict[str, Any]:
    learner = partial(HeadLearner, archive, experiment.inputs["features"], False, experiment.seed)
    return train(archive, name, experiment, learner, workers=ALONE, again=again)


def _cut(archive: Archive, experiment: Experiment = _EXPERIMENT) -> Any:
    learner = HeadLearner(archive, experiment.inputs["features"], False, 0, None)
    settings = {"annotators": None, "links": False, "kind": IN_FOLDS, "column": experiment.split_by}
    plan = make_plan(archive, learner.usable, **settings, seed=0, public_only=False)
    sample = pool_sample(archive, learner.usable, 0) if experiment.recipe.negatives != "own" else []
    folder = tempfile.mkdtemp(prefix="_run-", dir=archive.uri)
    return learner, plan, make_folds(archive, Path(folder).name, plan, experiment, kinds_of(experiment), sample=sample)


def test_the_model_is_trained_on_every_annotation(archive: Archive, here: list[Any]) -> None:
    report = _train(archive)
    judged = read_annotations(archive)
    assert (report["rows_in"], report["rows_out"], report["split"]["training"]) == (250, 250, 250)
    assert report["split"]["crossing"] == report["split"]["verification"] == 0
    rows = load_model(archive, "eye").rows.to_pylist()
    assert {row["role"] for row in rows} == {"training"}
    assert {row["annotation_id"] for row in rows} == set(judged.annotation_id)
    ids = sorted(set(judged.images.flat))
    trained = here[-1].training
    assert sorted(tuple(ids[place] for place in row) for row in trained.tolist()) == sorted(map(tuple, judged.images))
    assert len(here[-1]._validation) == 0


def test_no_fold_trains_on_its_test_annotations(made: Archive) -> None:
    """Compares image names: no fold trains on the pairs, images or artists that its kind holds out."""
    _, plan, fold_set = _cut(made)
    names = plan.images("training")
    assert {fold.kind for fold in fold_set.folds} == set(KINDS)
    for fold in fold_set.folds:
        trained = [[fold_set.ids[place] for place in annotation if place >= 0] for annotation in fold.training.tolist()]
        seen = {image for annotation in trained for image in annotation}
        for row, annotation in zip(fold.rows.tolist(), fold.validation.tolist(), strict=True):
            tested = [fold_set.ids[place] for place in annotation]
            assert tested == names[row].tolist()
            if fold.kind == NEW_ANNOTATIONS:
                assert not any(set(tested[:2]) == set(other[:2]) for other in trained)
            else:
                assert seen.isdisjoint(tested[:2])
            if fold.kind == NEW_GROUPS:
                artists = {(pool_of(image), kind_of(image)) for image in tested[:2]}
                assert artists.isdisjoint((pool_of(image), kind_of(image)) for image in seen)
        expected = [[image not in seen for image in annotation[2:]] for annotation in names[fold.rows].tolist()]
        assert fold.unseen().tolist() == expected


def test_mined_negatives_are_neither_held_out_nor_by_a_held_out_artist(tmp_path: Path) -> None:
    """The archive has many artworks without annotations."""
    archive = annotated(tmp_path / "few", count=25)
    experiment = replace(_EXPERIMENT, recipe=replace(_RECIPE, negatives="semihard", mined=3))
    _, plan, fold_set = _cut(archive, experiment)
    annotated_ids = set(plan.images("training").flat)
    for fold in fold_set.folds:
        mined = {fold_set.ids[place] for place in fold.pool} - annotated_ids
        assert mined
        if fold.kind != NEW_ANNOTATIONS:
            tested = {fold_set.ids[place] for place in fold.validation[:, :2].flat}
            artists = {(pool_of(image), kind_of(image)) for image in tested}
            assert artists.isdisjoint((pool_of(image), kind_of(image)) for image in mined)
            assert tested.isdisjoint(fold_set.ids[place] for place in fold.pool)


def test_scores_match_the_folds(archive: Archive, here: list[Any]) -> None:
    """Trains each fold again by itself; its ranks are those after the epoch that the other folds chose."""
    _train(archive)
    model = load_model(archive, "eye")
    learner, plan, fold_set = _cut(archive)
    vectors = learner.untrained_vectors(fold_set.ids)
    rows = {(row["kind"], row["annotation_id"]): row for row in model.held_out.to_pylist()}
    assert len(rows) == sum(len(fold.rows) for fold in fold_set.folds)
    names = plan.rows["annotation_id"].to_pylist()
    main = [fold for fold in fold_set.folds if fold.kind == NEW_GROUPS]
    total = covariance_of(learner.space, 0)
    histories = [_ranks_by_epoch(vectors, fold, total) for fold in main]
    best = [int(np.argmin(history.mean(1))) + 1 for history in histories]
    assert model.card["epochs"] == round(float(np.median(best)))
    for number, fold in enumerate(main):
        others = best[:number] + best[number + 1 :]
        epoch = min(round(float(np.median(others))), len(histories[number]))
        for row, rank in zip(fold.rows.tolist(), histories[number][epoch - 1].tolist(), strict=True):
            recorded = rows[NEW_GROUPS, names[row]]
            assert (recorded["rank"], recorded["fold"]) == (rank, number)
            assert recorded["unseen"] == fold.unseen()[fold.rows.tolist().index(row)].sum()
    before = ranks(vectors, np.concatenate([fold.validation for fold in main]))
    score = model.card["scores"]["new_groups"]
    assert score["before"]["value"] == pytest.approx(before.mean())
    recorded = [row["rank"] for (kind, _), row in rows.items() if kind == NEW_GROUPS]
    assert score["after"]["value"] == pytest.approx(np.mean(recorded))
    assert (score["seen"], score["folds"], score["after"]["n"]) == (False, len(main), len(recorded))
    assert model.card["scores"]["seen"]["seen"] is True
    for kind in (NEW_ANNOTATIONS, NEW_IMAGES):
        fold = next(fold for fold in fold_set.folds if fold.kind == kind)
        history = _ranks_by_epoch(vectors, fold, total, epochs_=model.card["epochs"])
        expected = [rows[kind, names[row]]["rank"] for row in fold.rows.tolist()]
        assert history[-1].tolist() == expected


def _ranks_by_epoch(vectors: np.ndarray, fold: Any, total: Covariance, epochs_: int | None = None) -> np.ndarray:
    """Ranks of a fold's tested rows after each epoch (epochs, rows), with early stopping unless ``epochs_`` is set."""
    recipe = replace(_RECIPE, epochs=epochs_ or _RECIPE.epochs)
    trainer = HeadTrainer(vectors, fold.training, fold.validation, recipe, 0, total=total)
    ranks_by_epoch: list[np.ndarray] = []
    for epoch in range(recipe.epochs):
        trainer.train_epoch(epoch)
        ranks_by_epoch.append(trainer.validate())
        means = [epoch_ranks.mean() for epoch_ranks in ranks_by_epoch]
        if not epochs_ and len(means) - 1 - int(np.argmin(means)) >= recipe.patience:
            break
    return np.stack(ranks_by_epoch)


def test_an_interrupted_run_trains_only_missing_folds(
    archive: Archive, here: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    _train(archive, name="whole")
    trained = len(here)
    answers = module._task_results

    def stopped(made: Mapping[int, Any], recipe: Recipe, seed: int) -> Iterator[tuple[int, Any]]:
        for count, answer in enumerate(answers(made, recipe, seed)):
            if count == 3:
                raise KeyboardInterrupt
            yield answer

    monkeypatch.setattr(module, "_task_results", stopped)
    with pytest.raises(KeyboardInterrupt):
        _train(archive)
    assert archive.names("models") == ["whole"]
    monkeypatch.setattr(module, "_task_results", answers)
    before = len(here)
    _train(archive)
    assert len(here) - before == trained - 3
    weights = [Path(archive.uri, "models", name, "model.safetensors").read_bytes() for name in ("whole", "eye")]
    assert weights[0] == weights[1]
    whole, resumed = (load_model(archive, name) for name in ("whole", "eye"))
    assert whole.held_out.equals(resumed.held_out)
    assert whole.rows.equals(resumed.rows)
    cards = [json.loads(Path(archive.uri, f"models/{name}/card.json").read_text()) for name in ("whole", "eye")]
    for card in cards:
        for epoch in card["history"]:
            epoch.pop("seconds", None)
    assert cards[0] == cards[1]


def test_a_damaged_fold_is_named(archive: Archive, here: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    def run(*_: Any, **__: Any) -> Any:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(training, "run", run)
        with pytest.raises(KeyboardInterrupt):
            _train(archive)
    (first, *_) = sorted(Path(archive.uri, "models/_eye/folds").rglob("*.safetensors"))
    first.write_bytes(b"half")
    remedy = "remove it and run the same command again"
    with pytest.raises(UserError, match=f"{first.name}: this file of the run is missing or damaged: .*; {remedy}"):
        _train(archive)


def test_two_annotations_can_be_cross_validated(tmp_path: Path, here: list[Any]) -> None:
    archive = annotated(tmp_path / "few", count=2)
    report = _train(archive, replace(_EXPERIMENT, split_by=None))
    assert report["split"]["training"] == 2
    assert report["scores"]["new_annotations"]["after"]["n"] == 2
    single = annotated(tmp_path / "one", count=1)
    with pytest.raises(UserError, match="1 annotation can't be cross-validated"):
        _train(single)


def test_a_collapsed_model_scores_chance(archive: Archive, here: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    step = HeadTrainer.train_epoch

    def collapsing(self: HeadTrainer, epoch: int) -> dict[str, float]:
        report = step(self, epoch)
        self.inputs = self.inputs * 0 + 1  # all images get the same vector
        return report

    monkeypatch.setattr(HeadTrainer, "train_epoch", collapsing)
    scores = _train(archive)["scores"]
    for kind in KINDS:
        assert scores[kind]["after"]["value"] == scores[kind]["after"]["low"] == 4.5
        if scores[kind]["unseen_only"]["n"]:
            assert scores[kind]["unseen_only"]["value"] == 4.5


def test_curves_match_the_folds(archive: Archive, here: list[Any]) -> None:
    _train(archive)
    card = load_model(archive, "eye").card
    assert card["best_epoch"] == card["epochs"] <= len(card["history"])
    assert all(np.isfinite([epoch["loss"], epoch["meanrank"], epoch["low"]]).all() for epoch in card["history"])
    assert Path(archive.uri, "models/eye/curves.png").stat().st_size > 10_000


def test_no_annotation_is_tested_twice(made: Archive) -> None:
    _, plan, fold_set = _cut(made)
    for kind in KINDS:
        tested = [row for fold in fold_set.folds if fold.kind == kind for row in fold.rows.tolist()]
        assert len(tested) == len(set(tested))
        if kind != NEW_GROUPS:
            assert len(tested) > 0.5 * len(plan.rows)


def test_a_resumed_run_keeps_its_groups(archive: Archive, here: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """The artists are changed between the two halves of a run."""
    _train(archive, name="whole")
    run = training.run

    def stopped(*_: Any, **__: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(training, "run", stopped)
    with pytest.raises(KeyboardInterrupt):
        _train(archive)
    monkeypatch.setattr(training, "run", run)
    catalog = archive.table("catalog")
    for shard in range(archive.shards):
        for part in catalog.parts(shard):
            rows = [
                {**row, "artist": f"other {number % 9}"}
                for number, row in enumerate(catalog.read(shard, part).to_pylist())
            ]
            catalog.write(shard, part, pa.Table.from_pylist(rows, schema=CATALOG))
    _train(archive)
    whole, resumed = (load_model(archive, name) for name in ("whole", "eye"))
    assert whole.held_out.equals(resumed.held_out)


def test_a_column_without_values_makes_no_groups(archive: Archive, here: list[Any]) -> None:
    with pytest.raises(UserError, match="`split_by` school: no annotated image has a value there"):
        _train(archive, replace(_EXPERIMENT, split_by="school"))


def test_a_kind_without_folds_is_logged(archive: Archive, here: list[Any], caplog: pytest.LogCaptureFixture) -> None:
    catalog = archive.table("catalog")
    for shard in range(archive.shards):
        for part in catalog.parts(shard):
            rows = [{**row, "school": "one"} for row in catalog.read(shard, part).to_pylist()]
            catalog.write(shard, part, pa.Table.from_pylist(rows, schema=CATALOG))
    report = _train(archive, replace(_EXPERIMENT, split_by="school"))
    assert "new groups: too few annotations for two folds" in caplog.text
    assert list(report["scores"]) == ["seen", NEW_IMAGES, NEW_ANNOTATIONS]


@pytest.mark.parametrize(
    ("gain", "words"),
    [
        ({"value": 0.5, "p": 0.0004}, "(better, p<0.001)"),
        ({"value": -0.5, "p": 0.02}, "(worse, p=0.020)"),
        ({"value": 0.2, "p": 0.235}, "(no clear difference, p=0.23; more annotations may tell)"),
        ({"value": None, "p": None}, ""),
    ],
)
def test_significance_of_a_gain_in_words(gain: dict[str, float | None], words: str) -> None:
    assert module._significance(gain).strip() == words
