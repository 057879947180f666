"""Trains the heads of ``labels/<name>`` on stored features: logistic regressions, or one network for all columns."""

import logging
from collections.abc import Sequence
from typing import Any

import numpy as np

from artsim.archive import Archive
from artsim.archive.valid_name import check_name
from artsim.encoders.model import about_feature
from artsim.labels import logistic, mlp, table
from artsim.labels.calibration import Goals
from artsim.labels.examples import Examples, digest, load_examples
from artsim.labels.finetune import finetune
from artsim.labels.heads import Head
from artsim.labels.options import LabelsOptions
from artsim.labels.settings import settings_of
from artsim.labels.tasks import Task, check_columns, with_levels
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
        heads, records = list[Head](), list[dict[str, Any]]()
        for tasks in fitted_together(examples.tasks, options):
            groups = examples.groups_of(*tasks)
            if groups is None and len(tasks) > 1:
                _log.warning("%s: %s says too much about one of them; artworks are held out at random",
                             ", ".join(task.name for task in tasks), options.group_by)  # fmt: skip
            for task in tasks:
                _log.info("%s: fitting %d labels to %d artworks", task.name, len(task.labels), len(task.known))
            fitted = fit(examples, tasks, np.arange(len(examples.ids)) if groups is None else groups, options)
            heads += fitted
            records += [
                table.task_record(task, head, grouped=groups is not None)
                for task, head in zip(tasks, fitted, strict=True)
            ]
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


def fitted_together(tasks: Sequence[Task], options: LabelsOptions) -> list[list[Task]]:
    """Returns the tasks in lists that ``fit`` fits: the levels of a column, or all that share a hidden layer."""
    return [list(tasks)] if options.head == "mlp" else with_levels(tasks)


def fit(
    examples: Examples,
    tasks: Sequence[Task],
    groups: np.ndarray,
    options: LabelsOptions,
    rows: np.ndarray | None = None,
) -> list[Head]:
    """Fits the heads of ``fitted_together`` tasks to all examples or some rows.

    Artworks of one of ``groups``, (n,), are held out together.
    """
    vectors = examples.vectors
    if rows is not None:
        tasks = [task.of_rows(rows) for task in tasks]
        vectors, groups = vectors[rows], groups[rows]
    goals = Goals(options.accuracy, options.threshold, options.coverage, options.weights == "balanced")
    chosen = () if options.strength is None else (options.strength,)
    if options.head == "mlp":
        hidden, strengths = options.hidden or mlp.HIDDEN, chosen or mlp.STRENGTHS
        return mlp.fit_mlp(vectors, tasks, groups, goals, options.seed, hidden, strengths)
    return logistic.fit_heads(vectors, tasks, groups, goals, options.seed, chosen or logistic.STRENGTHS)


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
    for record in card["tasks"]:
        if record["threshold"] is None:
            _log.warning(
                "labels: %s gives no label to any artwork, because no threshold reaches `accuracy`; "
                "lower `accuracy` or set `threshold`",
                record["name"],
            )
    left_out = [
        f"{record['name']}: {label} ({count})"
        for record in card["tasks"]
        for label, count in list(record["left_out"].items())[:_MAX_LISTED]
    ]
    return {"table": table.folder(name), "tasks": tasks, "labels_left_out": left_out}
