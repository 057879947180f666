"""Heads of a backbone that was fine-tuned end to end on the columns of the catalog.

The backbone becomes ``models/<name>``, its vectors ``features/<name>``, and its heads ``labels/<name>``.
"""

import logging
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from artsim.archive import Archive, UserError
from artsim.encoders.embed import check_features, embed_archive
from artsim.encoders.model import about_feature
from artsim.labels import table
from artsim.labels.calibration import Goals, calibrated_head, log_prior
from artsim.labels.examples import Examples, digest, labeled_ids
from artsim.labels.heads import Head
from artsim.labels.options import LabelsOptions
from artsim.labels.settings import settings_of
from artsim.labels.tasks import Task, read_tasks
from artsim.learn.backbones.label_recipe import LabelRecipe
from artsim.learn.backbones.label_training import (
    TEST,
    TRAINING,
    VALIDATION,
    FinetunedHeads,
    LabelData,
    finetune_on_labels,
)
from artsim.options import chosen
from artsim.space.features import Space

_FOLDS = 7  # one is the test set, one the validation set
_MIN_EXAMPLES = 50

_log = logging.getLogger(__name__)


def finetune(archive: Archive, options: LabelsOptions) -> tuple[dict[str, Any], dict[str, Any]]:
    """Trains the model, embeds the archive and stores the heads; returns the card and the counts of the report.

    A seventh of the artworks, whole groups, is the validation set: it ends the training and calibrates the heads.
    Another seventh is the test set, which only ``evaluate`` uses. An interrupted run continues where it stopped.
    """
    known = archive.read_json(f"models/{options.name}/card.json")
    own = known is not None and "classes" in known and not options.again
    check_features(archive, options.name, known["hashes"]["model"] if own else None, again=options.again)

    def make_data(usable: Callable[[Sequence[str]], set[str]]) -> LabelData:
        return _label_data(archive, options, usable)

    finetuned = finetune_on_labels(
        archive,
        options.name,
        {
            "finetune": options.finetune,
            "weights": options.pretrained,
            "balanced": options.weights == "balanced",
            "tasks": {**settings_of(options), "accuracy": None, "threshold": None, "coverage": None},
        },
        chosen(options.recipe, LabelRecipe),
        make_data,
        workers=options.workers,
        seed=options.seed,
        again=options.again,
    )
    embed_archive(archive, finetuned.model, public_only=options.public_only, again=options.again)
    space = Space(archive, [options.name])
    inputs = [about_feature(archive, spec.name) for spec in space.specs]
    query = {**settings_of(options), "features": [options.name], "inputs": inputs, "finetune": options.finetune}
    with archive.lock(table.folder(options.name)):
        before = table.read_card(archive, options.name)
        if before is not None and before["query"] == query and not options.again:
            _log.info("%s: nothing has changed; `again` trains again", table.folder(options.name))
            return before, {"rows_in": 0, "rows_out": 0, "rows_failed": 0}
        heads, records = _heads(space, finetuned, options)
        count = len(finetuned.data.ids)
        card = {
            "query": query,
            "rows": digest(archive, space, options),
            "features": [options.name],
            "inputs": inputs,
            "artworks": count,
            "tasks": records,
            "test": [finetuned.data.ids[row] for row in finetuned.data.rows(TEST)],
        }
        table.write(archive, options.name, space, heads, card)
        return card, {"rows_in": count, "rows_out": count, "rows_failed": 0}


def _label_data(archive: Archive, options: LabelsOptions, usable: Callable[[Sequence[str]], set[str]]) -> LabelData:
    """Returns the labeled artworks with a readable image, in random roles; a group has one role if possible."""
    from sklearn.model_selection import StratifiedGroupKFold

    rng = np.random.default_rng(options.seed)
    labeled = np.array(labeled_ids(archive, options).to_pylist(), object)
    labeled = np.sort(rng.permutation(labeled)[: options.limit])
    readable = usable(labeled.tolist())
    ids = np.array([identifier for identifier in labeled if identifier in readable], object)
    if len(ids) < _MIN_EXAMPLES:
        columns = " ".join(options.columns or ())
        raise UserError(
            f"`columns` {columns}: only {len(ids)} artworks have an image and a label; {_MIN_EXAMPLES} are needed"
        )
    tasks, groups = read_tasks(archive, ids, options)
    labels = np.stack([np.where(task.targets.any(axis=1), task.targets.argmax(axis=1), -1) for task in tasks], axis=1)
    with_label = np.asarray((labels >= 0).any(axis=1))
    ids, labels, groups = ids[with_label], labels[with_label], groups[with_label]
    examples = Examples(ids, np.empty((len(ids), 0)), tasks, groups)
    by_group = examples.groups_of(tasks[0].of_rows(with_label)) is not None
    if not by_group:
        _log.warning("%s says too much about %s to be held out; artworks are held out at random",
                     options.group_by, tasks[0].name)  # fmt: skip
        groups = np.arange(len(ids))
    cut = StratifiedGroupKFold(min(_FOLDS, len(np.unique(groups))), shuffle=True, random_state=options.seed)
    parts = [rows for _, rows in cut.split(ids, labels[:, 0], groups)]
    roles = np.full(len(ids), TRAINING, object)
    roles[parts[0]], roles[parts[1]] = TEST, VALIDATION
    return LabelData(ids.tolist(), roles.tolist(), labels, {task.name: list(task.labels) for task in tasks}, by_group)


def _heads(space: Space, finetuned: FinetunedHeads, options: LabelsOptions) -> tuple[list[Head], list[dict[str, Any]]]:
    """Returns the heads for vectors as they are stored, calibrated on the validation set, and their records."""
    data, tensors = finetuned.data, finetuned.tensors()
    goals = Goals(options.accuracy, options.threshold, options.coverage, options.weights == "balanced")
    training, validation = data.rows(TRAINING), data.rows(VALIDATION)
    vectors = space.find([data.ids[row] for row in validation])
    heads, records = [], []
    for number, (name, labels) in enumerate(data.classes.items()):
        weight, bias = _unstandardized(tensors, name)
        numbers = data.labels[:, number]
        targets = numbers[:, None] == np.arange(len(labels))
        known = targets[validation].any(axis=1)
        if not known.any():
            raise UserError(f"`columns` {name}: no artwork of the validation set has a label; choose another `seed`")
        prior = (
            log_prior(targets[training][targets[training].any(axis=1)], False)
            if goals.balanced
            else np.zeros(len(labels))
        )
        logits = vectors[known] @ weight + bias
        fitted = Head(weight, bias, np.zeros_like(bias), False, 1.0, 0.0, np.inf, np.inf)
        head = calibrated_head(fitted, logits, targets[validation][known], prior, goals).head
        heads.append(head)
        task = Task(name, tuple(labels), targets, False, {})
        records.append(table.task_record(task, head, grouped=data.by_group))
    return heads, records


def _unstandardized(tensors: dict[str, torch.Tensor], task: str) -> tuple[np.ndarray, np.ndarray]:
    """Returns weight (d, c) and bias (c,) that give the head's logits for vectors before they are standardized."""
    mean, std = tensors["mean"].double(), tensors["std"].double()
    weight = tensors[f"{task}.weight"].double() / std
    bias = tensors[f"{task}.bias"].double() - weight @ mean
    return weight.T.float().numpy(), bias.float().numpy()
