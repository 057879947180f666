"""Trains the heads of ``labels/<name>``: one logistic regression per catalog column, on stored features."""

import logging
from typing import Any

import numpy as np

from artsim.archive import Archive
from artsim.archive.valid_name import check_name
from artsim.encoders.model import about_feature
from artsim.labels import table
from artsim.labels.examples import Examples, digest, load_examples
from artsim.labels.finetune import finetune
from artsim.labels.heads import Goals, Head, fit_head
from artsim.labels.options import LabelsOptions
from artsim.labels.settings import settings_of
from artsim.labels.tasks import Task, check_columns
from artsim.space.features import Space
from artsim.vision.recommended import recommended_features

_MAX_LISTED = 10  # labels left out that the report names

_log = logging.getLogger(__name__)


def train(archive: Archive, options: LabelsOptions) -> dict[str, Any]:
    """Trains a head per column; returns the report fields. Keeps heads whose inputs and options have not changed.

    Raises ``UserError`` if there is nothing to learn from, or another run is writing ``labels/<name>``.
    """
    check_name(options.name)
    check_columns(options)
    if options.finetune:
        card, counts = finetune(archive, options)
        return {**counts, "model": archive.store.address(f"models/{options.name}"), **_report(options.name, card)}
    specs = list(options.features or recommended_features(archive))
    space = Space(archive, specs, options.seed)
    inputs = [about_feature(archive, spec.name) for spec in space.specs]
    query = {**settings_of(options), "features": specs, "inputs": inputs}
    with archive.lock(table.folder(options.name)):
        rows, card = digest(archive, space, options), table.read_card(archive, options.name)
        if card is not None and (card["query"], card["rows"]) == (query, rows) and not options.again:
            _log.info("%s: nothing has changed; `again` trains again", table.folder(options.name))
            return {
                "rows_in": 0,
                "rows_out": 0,
                "rows_failed": 0,
                "rows_there": card["artworks"],
                **_report(options.name, card),
            }
        if card is not None:
            _log.info("%s: training again; earlier predictions are removed", table.folder(options.name))
        examples = load_examples(archive, space, options)
        heads, records = [], []
        for task in examples.tasks:
            groups = examples.groups_of(task)
            _log.info("%s: fitting %d labels to %d artworks", task.name, len(task.labels), len(task.known))
            head = fit(examples, task, np.arange(len(examples.ids)) if groups is None else groups, options)
            heads.append(head)
            records.append(table.task_record(task, head, grouped=groups is not None))
        card = {
            "query": query,
            "rows": rows,
            "features": specs,
            "inputs": inputs,
            "artworks": len(examples.ids),
            "tasks": records,
        }
        table.write(archive, options.name, space, heads, card)
    return {
        "rows_in": len(examples.ids),
        "rows_out": len(examples.ids),
        "rows_failed": 0,
        **_report(options.name, card),
    }


def fit(
    examples: Examples, task: Task, groups: np.ndarray, options: LabelsOptions, rows: np.ndarray | None = None
) -> Head:
    """Fits a task's head to all examples or some rows; artworks of one of ``groups``, (n,), are held out together."""
    vectors = examples.vectors
    if rows is not None:
        task = Task(task.name, task.labels, task.targets[rows], task.has_several, task.left_out)
        vectors, groups = vectors[rows], groups[rows]
    goals = Goals(options.accuracy, options.threshold, options.coverage, options.weights == "balanced")
    return fit_head(vectors, task, groups, goals, options.seed)


def _report(name: str, card: Any) -> dict[str, Any]:
    tasks = [
        {
            "task": record["name"],
            "labels": len(record["labels"]),
            "artworks": sum(record["artworks"]),
            "left_out": len(record["left_out"]),
            "C": record["strength"],
            "temperature": record["temperature"],
            "threshold": record["threshold"],
            "held_out": card["query"]["group_by"] if record["grouped"] else "at random",
        }
        for record in card["tasks"]
    ]
    left_out = [
        f"{record['name']}: {label} ({count})"
        for record in card["tasks"]
        for label, count in list(record["left_out"].items())[:_MAX_LISTED]
    ]
    return {"table": table.folder(name), "tasks": tasks, "labels_left_out": left_out}
