"""Likely errors of the catalog: labels that heads trained on other artworks find improbable."""

import csv
import io
import logging
from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image

from artsim.archive import Archive, UserError
from artsim.archive.rejects import clean, safe_cell
from artsim.archive.valid_name import check_name
from artsim.labels import table
from artsim.labels.cross_validation import out_of_fold
from artsim.labels.evaluate import write_files
from artsim.labels.examples import Examples, load_examples
from artsim.labels.options import LabelsOptions
from artsim.labels.settings import options_of
from artsim.labels.tasks import Task
from artsim.labels.train import fitted_together
from artsim.metrics.vectors import unit_length
from artsim.pictures.captioned_pictures import captioned_pictures
from artsim.pictures.contact_sheet import Cell, artwork_cell, contact_sheet
from artsim.pictures.typesetting import readable

_SMOOTHING = 0.01  # added to votes: no label is impossible
_LEAST = 1e-9  # added to probabilities: those of the labels that occur may all be 0
_MAX_LISTED = 10  # errors of each task in the report
_DRAWN, _NEAR, _SIDE = 8, 5, 240
_COLUMNS = ("id", "title", "artist", "label", "suggestion", "probability_of_label", "probability_of_suggestion")

_log = logging.getLogger(__name__)


def find_errors(archive: Archive, options: LabelsOptions) -> dict[str, Any]:
    """Lists likely label errors of each task, worst first; returns the report fields.

    Writes a CSV file and a picture per task to `out`, by default ``labels/<name>/_errors``.
    """
    check_name(options.name)
    with archive.lock(table.folder(options.name)):
        return _find_errors(archive, options)


def _find_errors(archive: Archive, options: LabelsOptions) -> dict[str, Any]:
    card = table.need_card(archive, options.name)
    if "finetune" in card["query"]:
        raise UserError(
            f"`name` {options.name}: its backbone has seen the labels; train heads on stored features to find errors"
        )
    space, _ = table.load_heads(archive, options.name, card)
    training = options_of(card, options)
    examples = load_examples(archive, space, training)
    for task in examples.tasks:
        if task.has_several:
            _log.info("%s: artworks with several labels are not checked", task.name)
    files, pictures, errors, counts = {}, {}, list[dict[str, Any]](), {}
    results = [
        pair
        for tasks in fitted_together(examples.tasks, training)
        if not all(task.has_several for task in tasks)
        for pair in zip(tasks, out_of_fold(examples, tasks, training, np.arange(len(examples.ids))), strict=True)
    ]
    for task, result in results:
        if task.has_several:
            continue
        beliefs = belief(result.answers.probabilities, result.votes)
        labels = result.targets.argmax(axis=1)
        worst = suspects(labels, beliefs)
        rows = _rows(archive, task, examples.ids[result.rows[worst]], labels[worst], beliefs[worst])
        counts[task.name] = len(worst)
        files[f"{task.name}.csv"] = _csv(rows)
        pictures[f"{task.name}.png"] = _sheet(archive, task, examples, result.rows[worst], rows)
        errors += [{"task": task.name, **row} for row in rows[:_MAX_LISTED]]
    paths = write_files(archive, options, "_errors", files, pictures)
    count = len(examples.ids)
    return {
        "rows_in": count,
        "rows_out": count,
        "rows_failed": 0,
        "likely_errors": counts,
        "errors": errors,
        "files": paths,
    }


def belief(probabilities: np.ndarray, votes: np.ndarray) -> np.ndarray:
    """Returns the geometric mean of the head's probabilities and the votes of neighbors, (n, c); rows sum to 1."""
    mean = np.sqrt(probabilities.astype(np.float64) * (votes + _SMOOTHING))
    return mean / mean.sum(axis=1, keepdims=True)


def suspects(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Returns the rows whose label is likely wrong, int (m,), the least probable label first.

    ``labels`` are int (n,), ``probabilities`` out-of-fold (n, c). Confident learning estimates how many there are
    (Northcutt, Jiang and Chuang 2021, "Confident learning", JAIR 70); cleanlab's self-confidence ranks them.
    """
    from cleanlab.filter import find_label_issues
    from cleanlab.rank import get_label_quality_scores

    present, labels = np.unique(labels, return_inverse=True)  # cleanlab expects artworks of every label
    probabilities = probabilities[:, present] + _LEAST
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    count = int(find_label_issues(labels, probabilities, n_jobs=1).sum())
    quality = get_label_quality_scores(labels, probabilities, method="self_confidence")
    return np.argsort(quality, kind="stable")[:count]


def _rows(
    archive: Archive, task: Task, ids: np.ndarray, labels: np.ndarray, beliefs: np.ndarray
) -> list[dict[str, Any]]:
    catalog_rows = archive.table("catalog").find(ids.tolist(), ["id", "title", "artist"])
    known = {} if catalog_rows is None else {row["id"]: row for row in catalog_rows.to_pylist()}
    rows = []
    for identifier, label, probability in zip(ids.tolist(), labels.tolist(), beliefs, strict=True):
        about, suggestion = known.get(identifier, {}), int(probability.argmax())
        values = (
            identifier,
            about.get("title") or "",
            about.get("artist") or "",
            task.labels[label],
            task.labels[suggestion],
            round(float(probability[label]), 4),
            round(float(probability[suggestion]), 4),
        )
        rows.append(dict(zip(_COLUMNS, values, strict=True)))
    return rows


def _csv(rows: Sequence[dict[str, Any]]) -> str:
    """Returns the rows as CSV; no text is read as a formula by a spreadsheet."""
    sink = io.StringIO(newline="")
    writer = csv.writer(sink)
    writer.writerow(_COLUMNS)
    for row in rows:
        writer.writerow([safe_cell(clean(cell)) if isinstance(cell, str) else cell for cell in row.values()])
    return sink.getvalue()


def _sheet(
    archive: Archive, task: Task, examples: Examples, suspects: np.ndarray, rows: Sequence[dict[str, Any]]
) -> Image.Image:
    """Draws the worst errors, each beside the nearest artworks that have the suggested label."""
    drawn = rows[:_DRAWN]
    near = [_nearest(task, examples, row, rows[number]["suggestion"]) for number, row in enumerate(suspects[:_DRAWN])]
    ids = [[row["id"], *examples.ids[others].tolist()] for row, others in zip(drawn, near, strict=True)]
    pictures = captioned_pictures(archive, list(dict.fromkeys(image_id for line in ids for image_id in line)), _SIDE)
    lines = []
    for row, (first, *others) in zip(drawn, ids, strict=True):
        words = readable(f"{row['label']} → {row['suggestion']}?")
        suspect = Cell(pictures[first].image, [words, row["title"], row["artist"], first])
        lines.append((suspect, [artwork_cell(pictures[image_id]) for image_id in others]))
    title = (
        f"{task.name}: {len(drawn)} of {len(rows):,} likely errors (framed), and artworks that have the suggested label"
    )
    return contact_sheet(title, lines)


def _nearest(task: Task, examples: Examples, row: int, label: str) -> np.ndarray:
    """Returns the rows of the nearest examples with a label by cosine distance, the nearest first."""
    labeled_rows = np.flatnonzero(task.targets[:, task.labels.index(label)])
    labeled_rows = labeled_rows[labeled_rows != row]
    vectors = unit_length(examples.vectors[labeled_rows])
    return labeled_rows[np.argsort(-(vectors @ examples.vectors[row]), kind="stable")[:_NEAR]]
