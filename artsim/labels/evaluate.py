"""Measures heads by cross-validation on unseen groups and at random, against a vote of neighbors."""

import json
import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from artsim.archive import Archive, Store
from artsim.archive.valid_name import check_name
from artsim.labels import table
from artsim.labels.confusion import confusion_picture
from artsim.labels.cross_validation import OutOfFold, out_of_fold
from artsim.labels.evaluation_report import markdown
from artsim.labels.examples import Examples, load_examples
from artsim.labels.heads import Head
from artsim.labels.held_out import held_out_results
from artsim.labels.options import LabelsOptions
from artsim.labels.settings import options_of
from artsim.labels.tasks import Task
from artsim.labels.train import fitted_together
from artsim.metrics.classification import balanced_accuracy, calibration_error, class_table, confusion, top_hits
from artsim.metrics.interval import as_json, mean_score, paired_difference
from artsim.space.features import Space

RANDOM = "at random"

_log = logging.getLogger(__name__)


def evaluate(archive: Archive, options: LabelsOptions) -> dict[str, Any]:
    """Cross-validates the trained heads' configuration on today's labels; returns the report fields.

    Each head is chosen, fitted and calibrated on four folds and tested on the fifth. Heads of a fine-tuned backbone are
    measured on the test set that their training left out. Writes ``scores.md``,
    ``scores.json`` and a confusion matrix per task to `out`, by default ``labels/<name>/_evaluation``.
    """
    check_name(options.name)
    with archive.lock(table.folder(options.name)):
        return _evaluate(archive, options)


def _evaluate(archive: Archive, options: LabelsOptions) -> dict[str, Any]:
    card = table.need_card(archive, options.name)
    space, heads = table.load_heads(archive, options.name, card)
    scores, classes, pictures = list[dict[str, Any]](), {}, dict[str, Image.Image]()
    count = 0
    for task, split, ids, groups, result in _results(archive, options, card, space, heads):
        scores.append({"task": task.name, "held_out": split, **score(result, groups, options.seed)})
        count = max(count, len(ids))
        if task.name not in classes:
            predicted = result.answers.labels
            classes[task.name] = class_table(predicted, result.targets, list(task.labels))
            matrix = confusion(predicted, result.targets)
            pictures[task.name] = confusion_picture(archive, task, matrix, ids, result.targets, result.answers, split)
    about = {"name": options.name, "features": space.title, "query": card["query"]}
    texts = {
        "scores.md": markdown(options.name, space.title, scores, classes),
        "scores.json": json.dumps({**about, "scores": scores, "classes": classes}, indent=1),
    }
    files = write_files(
        archive, options, "_evaluation", texts, {f"confusion-{task}.png": image for task, image in pictures.items()}
    )
    return {"rows_in": count, "rows_out": count, "rows_failed": 0, "scores": scores, "files": files}


def _results(
    archive: Archive, options: LabelsOptions, card: Any, space: Space, heads: list[Head]
) -> Iterator[tuple[Task, str, np.ndarray, np.ndarray, OutOfFold]]:
    """Yields each task and way to hold out artworks with the ids, the groups and the predictions of held-out ones."""
    training = options_of(card, options)
    if "finetune" in card["query"]:
        is_grouped = {record["name"]: record["grouped"] for record in card["tasks"]}
        for task, ids, groups, result in held_out_results(archive, options.name, space, heads, training.group_by):
            split = f"by {training.group_by}" if is_grouped[task.name] else RANDOM
            yield task, f"{split}, a seventh", ids, groups, result
        return
    examples = load_examples(archive, space, training)
    for tasks in fitted_together(examples.tasks, training):
        results = []
        for split, groups in splits(examples, tasks, training.group_by):
            _log.info("%s: cross-validation, held out %s", ", ".join(task.name for task in tasks), split)
            results.append((split, groups, out_of_fold(examples, tasks, training, groups)))
        for number, task in enumerate(tasks):
            for split, groups, predictions in results:
                own = predictions[number]
                yield task, split, examples.ids[own.rows], groups[own.rows], own


def splits(examples: Examples, tasks: Sequence[Task], group_by: str) -> list[tuple[str, np.ndarray]]:
    """Returns the ways to hold out artworks, with the groups of each, int (n,): by group if possible, and at random."""
    groups = examples.groups_of(*tasks)
    by_group = [] if groups is None else [(f"by {group_by}", groups)]
    return [*by_group, (RANDOM, np.arange(len(examples.ids)))]


def score(result: OutOfFold, groups: np.ndarray, seed: int) -> dict[str, Any]:
    """Returns the scores of out-of-fold predictions; intervals resample ``groups``, int (m,).

    ``gain`` is the difference in top-1 accuracy to the vote of neighbors.
    """
    hits = {k: top_hits(result.ranking, result.targets, k) for k in (1, 3)}
    votes = top_hits(result.votes, result.targets, 1)
    kept = ~result.answers.abstained
    before = result.uncalibrated
    right_before = result.targets[np.arange(len(result.targets)), before.labels]
    return {
        "top1": as_json(mean_score(hits[1], seed, groups)),
        "top3": as_json(mean_score(hits[3], seed, groups)),
        "balanced": round(balanced_accuracy(result.answers.labels, result.targets), 3),
        "knn_top1": as_json(mean_score(votes, seed, groups)),
        "knn_top3": as_json(mean_score(top_hits(result.votes, result.targets, 3), seed, groups)),
        "gain": as_json(paired_difference(hits[1], votes, seed, groups)),
        "ece_before": round(calibration_error(before.confidence, right_before), 3),
        "ece": round(calibration_error(result.answers.confidence, hits[1]), 3),
        "abstained": round(float(result.answers.abstained.mean()), 3),
        "accuracy_of_rest": round(float(hits[1][kept].mean()), 3) if kept.any() else None,
        "coverage": round(float((result.candidates | ~result.targets).all(axis=1).mean()), 3),
        "candidates": round(float(result.candidates.sum(axis=1).mean()), 2),
    }


def write_files(
    archive: Archive, options: LabelsOptions, folder: str, texts: dict[str, str], pictures: dict[str, Image.Image]
) -> Sequence[str]:
    """Writes texts and pictures by name to `out`, or to a folder below ``labels/<name>``; returns their addresses."""
    store = Store.open(options.out or archive.store.address(f"{table.folder(options.name)}/{folder}"))
    for name, text in texts.items():
        with store.replace(name) as draft:
            Path(draft).write_text(text, encoding="utf-8")
    for name, image in pictures.items():
        with store.replace(name) as draft:
            image.save(draft, "PNG")
    return [store.address(name) for name in (*texts, *pictures)]
