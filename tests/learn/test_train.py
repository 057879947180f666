import json
import struct
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from scipy.spatial.distance import cosine
from tensorboardX.proto.event_pb2 import Event

from artsim.annotations.annotations import read_annotations
from artsim.archive import Archive, UserError
from artsim.encoders.model import load_model
from artsim.learn import train as module
from artsim.learn.epochs import Progress, epochs
from artsim.learn.experiment import Experiment
from artsim.learn.heads.learner import HeadLearner
from artsim.learn.recipe import Recipe
from artsim.learn.train import train
from artsim.learn.workers import ALONE
from tests.learn.annotated import annotate, annotated, pool_of
from tests.made import add_features, vectors_of

_RECIPE = Recipe(hidden=8, dropout=0.2, epochs=4, batch=32, learning_rate=0.01)
_EXPERIMENT = Experiment({"features": ["dots"]}, _RECIPE, None, False, "image-disjoint", None, 0, False)


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return annotated(tmp_path / "archive")


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Trains in this process, without Ray; returns the list of learners."""
    trainers: list[Any] = []

    def run(make: Any, recipe: Recipe, *, seed: int, show: Any, **_: Any) -> Progress:
        trainers.append(make())
        for progress in epochs(trainers[-1], recipe, seed):
            show(progress.history[-1])
        return progress

    monkeypatch.setattr(module, "run", run)
    monkeypatch.setattr("artsim.runtime.connect", lambda **_: None)
    monkeypatch.setattr("ray.put", lambda value: value)
    monkeypatch.setattr("ray.get", lambda value: value)
    return trainers


def _train(
    archive: Archive, experiment: Experiment = _EXPERIMENT, name: str = "eye", again: bool = False
) -> dict[str, Any]:
    learner = partial(HeadLearner, archive, experiment.inputs["features"], False, experiment.seed)
    return train(archive, name, experiment, learner, workers=ALONE, again=again)


def _files(archive: Archive) -> dict[str, bytes]:
    folder = Path(archive.uri, "models")
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_card_has_the_scores(archive: Archive, here: list[Any]) -> None:
    report = _train(archive)
    model = load_model(archive, "eye")
    assert (report["rows_in"], report["rows_out"], report["rows_failed"]) == (250, 250, 0)
    assert model.dimension == len(model.vectors(archive, ["made:0003"])[0]) == 8
    before = vectors_of(archive, "dots")
    after = dict(zip(before, model.vectors(archive, list(before)), strict=True))
    rows = model.rows.to_pylist()
    assert len({row["annotation_id"] for row in rows}) == 250
    for role, seen in (("training", True), ("validation", True), ("verification", False)):
        annotations = [row["images"] for row in rows if row["role"] == role]
        score = model.card["scores"][role]
        assert score["seen"] == seen
        assert score["before"]["n"] == score["after"]["n"] == model.card["split"][role] == len(annotations) > 30
        for when, vectors in (("before", before), ("after", after)):
            ranks = []
            for anchor, positive, *negatives in annotations:
                distance = cosine(vectors[anchor], vectors[positive])
                ranks.append(1 + sum(cosine(vectors[anchor], vectors[negative]) < distance for negative in negatives))
            assert score[when]["value"] == pytest.approx(sum(ranks) / len(ranks))
            assert score[when]["low"] < score[when]["value"] < score[when]["high"]
        gained = score["before"]["value"] - score["after"]["value"]
        assert score["gain"]["value"] == pytest.approx(gained)
    assert model.card["scores"]["validation"]["after"]["value"] == pytest.approx(
        min(epoch["meanrank"] for epoch in model.card["history"])
    )
    assert model.card["scores"]["training"]["gain"]["low"] > 0


def test_splits_share_no_image_and_the_test_set_is_untouched(archive: Archive, here: list[Any]) -> None:
    asked_ids: list[str] = []
    original = HeadLearner.shared_data

    def spy(self: HeadLearner, ids: Any, *rest: Any) -> Any:
        asked_ids.extend(ids)
        return original(self, ids, *rest)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(HeadLearner, "shared_data", spy)
        _train(archive, replace(_EXPERIMENT, recipe=replace(_RECIPE, negatives="semihard", mined=3)))
    rows = load_model(archive, "eye").rows.to_pylist()
    sides = {
        role: {image_id for row in rows if row["role"] == role for image_id in row["images"]} for role in _roles(rows)
    }
    assert not sides["training"] & sides["validation"]
    assert not (sides["training"] | sides["validation"]) & sides["verification"]
    assert not set(asked_ids) & sides["verification"]
    (trainer,) = here
    assert {asked_ids[place] for place in trainer.pool} <= set(asked_ids) - sides["validation"]


def _roles(rows: list[dict[str, Any]]) -> set[str]:
    return {row["role"] for row in rows}


def test_groups_are_not_split(archive: Archive, here: list[Any]) -> None:
    _train(archive, replace(_EXPERIMENT, split="group-disjoint", split_by="artist"))
    rows = load_model(archive, "eye").rows.to_pylist()
    pools: dict[str, set[int]] = {}
    for row in rows:
        pools.setdefault(row["role"], set()).update(pool_of(image_id) for image_id in row["images"])
    assert not pools["training"] & pools["validation"]
    assert not (pools["training"] | pools["validation"]) & pools["verification"]
    with pytest.raises(UserError, match="`split_by` must name the catalog column"):
        _train(archive, replace(_EXPERIMENT, split="group-disjoint"), "other")
    with pytest.raises(UserError, match="`split_by` colour: unknown catalog column"):
        _train(archive, replace(_EXPERIMENT, split="group-disjoint", split_by="colour"), "other")


def test_a_finished_model_is_not_trained_again(archive: Archive, here: list[Any]) -> None:
    first = _train(archive)
    files = _files(archive)
    assert not any("/_" in f"/{name}" for name in files)
    second = _train(archive)
    assert len(here) == 1
    assert _files(archive) == files
    assert (second["done_before"], second["rows_in"]) == (True, 0)
    assert second["scores"] == first["scores"]


def test_another_configuration_needs_another_name(archive: Archive, here: list[Any]) -> None:
    _train(archive)
    files = _files(archive)
    other = replace(_EXPERIMENT, recipe=replace(_RECIPE, margin=0.4), annotators=["anna"])
    with pytest.raises(
        UserError, match=r"`name` eye: was trained with annotators None, margin 0\.2; choose another `name`"
    ):
        _train(archive, other)
    assert _files(archive) == files
    _train(archive, other, again=True)
    assert load_model(archive, "eye").card["recipe"]["margin"] == 0.4
    assert len(here) == 2


def test_the_same_command_gives_the_same_model(archive: Archive, here: list[Any]) -> None:
    _train(archive)
    before = _files(archive)["eye/model.safetensors"]
    _train(archive, again=True)
    assert len(here) == 2
    assert _files(archive)["eye/model.safetensors"] == before


def test_a_resumed_run_keeps_its_plan(
    archive: Archive, here: list[Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A run stopped in its first epoch resumes with the annotations that it started with."""
    experiment = replace(_EXPERIMENT, inputs={"features": ["dots:8", "more"]})
    _train(archive, experiment, "whole")
    run = module.run

    def stopped(*_: Any, **__: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "run", stopped)
    with pytest.raises(KeyboardInterrupt):
        _train(archive, experiment)
    monkeypatch.setattr(module, "run", run)
    assert archive.names("models") == ["whole"]
    with pytest.raises(UserError, match="no model"):
        load_model(archive, "eye")
    with pytest.raises(UserError, match=r"`name` eye: was started with seed 0; .*`again`"):
        _train(archive, replace(experiment, seed=5))
    annotate(archive, 40, "bert", seed=9)
    report = _train(archive, experiment)
    assert report["rows_in"] == 250
    files = _files(archive)
    assert files["eye/model.safetensors"] == files["whole/model.safetensors"]
    assert load_model(archive, "eye").rows.equals(load_model(archive, "whole").rows)


def test_annotators_can_be_selected(archive: Archive, here: list[Any]) -> None:
    annotate(archive, 100, "bert", seed=9)
    assert _train(archive, replace(_EXPERIMENT, annotators=["bert"]))["rows_in"] == 100
    with pytest.raises(UserError, match="`annotator` nobody"):
        _train(archive, replace(_EXPERIMENT, annotators=["nobody"]), "other")


def test_images_without_a_vector_are_counted(archive: Archive, here: list[Any]) -> None:
    vectors: dict[str, Any] = vectors_of(archive, "dots")
    add_features(archive, "dots", vectors | {"made:0004": None, "made:0042": [np.nan] * 20})
    expected = sum(bool({"made:0004", "made:0042"} & set(image_ids)) for image_ids in read_annotations(archive).images)
    report = _train(archive)
    assert report["rows_failed"] == expected > 5
    assert report["failures"] == {"an image without a vector": expected}
    assert report["rows_out"] == 250 - expected
    rows = load_model(archive, "eye").rows.to_pylist()
    assert not any({"made:0004", "made:0042"} & set(row["images"]) for row in rows)


@pytest.mark.parametrize("name", ["", "../eye", "_eye", ".eye", "a/b", "x" * 101, "s3://b/eye"])
def test_invalid_names_are_rejected(archive: Archive, name: str) -> None:
    with pytest.raises(UserError, match="`name`"):
        _train(archive, name=name)


def test_the_curves_are_kept(archive: Archive, here: list[Any]) -> None:
    _train(archive)
    history = load_model(archive, "eye").card["history"]
    (events,) = Path(archive.uri, "models/eye/tensorboard").iterdir()
    logged: dict[str, list[float]] = {}
    for event in _events(events.read_bytes()):
        for value in event.summary.value:
            logged.setdefault(value.tag, []).append(value.simple_value)
            assert event.step == len(logged[value.tag])
    assert logged["loss"] == pytest.approx([epoch["loss"] for epoch in history])
    assert logged["validation/meanrank"] == pytest.approx([epoch["meanrank"] for epoch in history])
    with Image.open(Path(archive.uri, "models/eye/curves.png")) as picture:
        assert picture.width > 800
    card = json.loads(Path(archive.uri, "models/eye/card.json").read_text())
    assert card["best_epoch"] == 1 + int(np.argmin([epoch["meanrank"] for epoch in history]))
    assert history[card["best_epoch"] - 1]["epoch"] == card["best_epoch"]


def _events(data: bytes) -> Iterator[Event]:
    """Yields the events of TensorBoard records, each of which is: length, checksum, event, checksum."""
    while data:
        (length,) = struct.unpack("<Q", data[:8])
        yield Event.FromString(data[12 : 12 + length])
        data = data[16 + length :]
