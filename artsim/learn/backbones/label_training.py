"""Fine-tunes a backbone on labels with Ray Train, into a model of the archive. The same command resumes it."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch

from artsim import runtime
from artsim.archive import Archive, Keys, UserError
from artsim.archive.damaged_files import intact, intact_table
from artsim.archive.valid_name import check_name
from artsim.encoders.backbone import LABEL_HEADS, card_of
from artsim.encoders.model import FORMAT, ROLES, Model, load_model
from artsim.extract.pixel_cache import pixels_of
from artsim.extract.plan import Plan
from artsim.learn.backbones.classifier import ClassifierTrainer
from artsim.learn.backbones.label_recipe import LabelRecipe
from artsim.learn.backbones.learner import plan_for
from artsim.learn.curves import live, write_curves
from artsim.learn.epochs import best_epoch
from artsim.learn.experiment import difference, with_current_names
from artsim.learn.ray_train import run
from artsim.learn.workers import Workers

TRAINING, VALIDATION, TEST = "training", "validation", "test"
_DATA, _CONFIGURATION = "labels.parquet", "asked.json"
_KEYS: Keys = {"inputs": dict, "recipe": dict}
_START_OVER = "remove its folder and run the same command again to start over"


@dataclass(frozen=True)
class LabelData:
    """The labels of images, and the role of each image in a training.

    ``labels``, int (m, t), is each image's class in each task, -1 if it is missing. ``roles`` are TRAINING, VALIDATION
    or TEST. ``classes`` are the labels of each task by its name, in the order of their numbers. ``by_group`` says that
    the images of a group have one role; otherwise roles are random.
    """

    ids: list[str]
    roles: list[str]
    labels: np.ndarray
    classes: dict[str, list[str]]
    by_group: bool = True

    def rows(self, role: str) -> np.ndarray:
        """Returns the row numbers of the images with this role, int (n,)."""
        return np.flatnonzero(np.array(self.roles) == role)


@dataclass(frozen=True)
class FinetunedHeads:
    """The heads of a fine-tuned model: logits are ``(vector - mean) / std @ weight.T + bias`` for unit vectors.

    ``data`` are the labels and roles that it was trained on.
    """

    model: Model
    data: LabelData

    def tensors(self) -> dict[str, torch.Tensor]:
        """Returns ``mean`` and ``std``, (d,), and ``<task>.weight``, (classes, d), and ``<task>.bias``, (classes,)."""
        tensors = self.model.tensors
        named = {
            f"{task}.{kind}": tensors[f"{LABEL_HEADS}tasks.{number}.{kind}"]
            for number, task in enumerate(self.data.classes)
            for kind in ("weight", "bias")
        }
        return {"mean": tensors[f"{LABEL_HEADS}mean"], "std": tensors[f"{LABEL_HEADS}std"], **named}


def finetune_on_labels(
    archive: Archive,
    name: str,
    inputs: dict[str, Any],
    recipe: LabelRecipe,
    make_data: Callable[[Callable[[Sequence[str]], set[str]]], LabelData],
    *,
    workers: Workers,
    seed: int,
    again: bool,
) -> FinetunedHeads:
    """Trains ``models/<name>``, resumes it, or returns it if it exists; ``again`` replaces it.

    ``inputs`` decide the model beside the recipe: ``finetune`` (a backbone), ``weights`` (a folder or None),
    ``balanced`` (whether labels get equal weights) and the options of the tasks.
    ``make_data`` gets a function that returns which of some ids have a readable image. It is called once: a resumed run
    uses the labels that were stored. Raises a user error if the name is taken by a model with other settings.
    """
    check_name(name)
    folder = f"models/_{name}"
    settings: dict[str, Any] = {"inputs": inputs, "recipe": asdict(recipe), "seed": seed}
    settings = json.loads(json.dumps(settings))
    with archive.lock(f"models/{name}"):
        stored = with_current_names(
            intact(archive.store, f"{folder}/{_CONFIGURATION}", of="run", remedy=_START_OVER, keys=_KEYS)
        )
        if not again:
            if stored is None and (finished := _finished(archive, name, settings)) is not None:
                return finished
            _check_same(name, stored, settings)
        plan = plan_for(inputs["finetune"], inputs["weights"], recipe.resolution)
        if stored == settings:
            data = read_labels(archive, folder)
        else:
            archive.remove(folder)
            data = make_data(partial(_usable, archive, plan))
            _write(archive, folder, data)
            archive.write_json(f"{folder}/{_CONFIGURATION}", settings)  # last: from here on, the run can be resumed
        model = _train(archive, name, folder, settings, plan, recipe, data, workers, seed)
        _write(archive, f"models/{name}", data)
        archive.remove(folder)
        return FinetunedHeads(model, data)


def _finished(archive: Archive, name: str, settings: dict[str, Any]) -> FinetunedHeads | None:
    card = intact(archive.store, f"models/{name}/card.json")
    if card is None:
        return None
    _check_same(name, with_current_names(card.get("asked", {})), settings)
    return FinetunedHeads(load_model(archive, name), read_labels(archive, f"models/{name}"))


def _check_same(name: str, before: dict[str, Any] | None, settings: dict[str, Any]) -> None:
    if before in (None, settings):
        return
    is_comparable = isinstance(before, dict) and all(isinstance(before.get(key), dict) for key in _KEYS)
    changed = difference(before, settings) if before and is_comparable else "other settings"
    raise UserError(f"`name` {name}: was started with {changed}; choose another `name`, or `again` to start over")


def _usable(archive: Archive, plan: Plan, ids: Sequence[str]) -> set[str]:
    slots = pixels_of(archive, ids, plan.input)[1]
    return {image_id for image_id, slot in zip(ids, slots.tolist(), strict=True) if slot >= 0}


def _write(archive: Archive, folder: str, data: LabelData) -> None:
    """Stores the labels. The classes, and whether roles are by group, are in the metadata of the file."""
    table = pa.table({"id": data.ids, "role": data.roles, "labels": data.labels.tolist()})
    with archive.store.replace(f"{folder}/{_DATA}") as draft:
        about = {"classes": json.dumps(data.classes), "by_group": json.dumps(data.by_group)}
        pq.write_table(table.replace_schema_metadata(about), draft)


def read_labels(archive: Archive, folder: str) -> LabelData:
    """Returns the labels that a model, or an unfinished training, has learned from."""
    table = intact_table(archive.store, f"{folder}/{_DATA}", of="run", remedy=_START_OVER)
    ids, roles = table["id"].to_pylist(), table["role"].to_pylist()
    classes = json.loads(table.schema.metadata[b"classes"])
    by_group = json.loads(table.schema.metadata.get(b"by_group", b"true"))
    return LabelData(ids, roles, np.array(table["labels"].to_pylist(), np.int64), classes, by_group)


def _train(
    archive: Archive,
    name: str,
    folder: str,
    settings: dict[str, Any],
    plan: Plan,
    recipe: LabelRecipe,
    data: LabelData,
    workers: Workers,
    seed: int,
) -> Model:
    import ray

    runtime.connect()
    make = partial(_make, [ray.put(plan)], archive, data, recipe, seed, settings["inputs"]["balanced"])
    outcome = run(
        make,
        recipe,
        workers=workers,
        store=archive.store,
        folder=folder,
        seed=seed,
        show=live(archive.store, folder),
    )
    measure = ClassifierTrainer.measure
    best = best_epoch(outcome.history, measure)
    counts = {role: data.roles.count(role) for role in (TRAINING, VALIDATION, TEST)}
    card = {
        "format": FORMAT,
        **card_of(plan),
        "dimension": plan.dimensions[0],
        "recipe": settings["recipe"],
        "split": counts,
        "epochs": len(outcome.history),
        "best_epoch": best + 1,
        "history": outcome.history,
        "classes": data.classes,
        "asked": settings,
    }
    rows = pa.table([data.ids, [[image_id] for image_id in data.ids], data.roles], schema=ROLES)
    model = Model(name, card, dict(outcome.best), rows)
    card["hashes"] = {"model": model.hash}
    model.save(archive)
    write_curves(
        archive.store, f"models/{name}", outcome.history, best, f"{name}: labels", "validation", measure=measure
    )
    return model


def _make(plan: list[Any], archive: Archive, data: LabelData, recipe: LabelRecipe, *how: Any) -> ClassifierTrainer:
    import ray

    extraction_plan = ray.get(plan[0])
    squares, slots = pixels_of(archive, data.ids, extraction_plan.input)
    classes = [len(labels) for labels in data.classes.values()]
    training, validation = data.rows(TRAINING), data.rows(VALIDATION)
    return ClassifierTrainer(extraction_plan, squares, slots, data.labels, classes, training, validation, recipe, *how)
