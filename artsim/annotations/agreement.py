"""Agreement between annotators: contradictions, and how often a query (anchor and candidates) gets the same choice."""

import csv
import logging
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from artsim.annotations.annotations import Annotations
from artsim.annotations.self_meanrank import judged_twice, query_key, self_ranks
from artsim.archive import Archive
from artsim.metrics.interval import mean_score

_MAX_LISTED = 20  # contradictions listed in the report
_MAX_WRITTEN = 100_000  # contradictions written to the file


@dataclass(frozen=True)
class Contradiction:
    """Two annotations of one anchor, as row numbers; each has the other's positive among its negatives.

    ``same_images``: both have the same eight candidates.
    """

    first: int
    second: int
    same_images: bool


def contradictions(annotations: Annotations) -> Iterator[Contradiction]:
    """Yields every pair of annotations that contradict each other, ordered by the later one."""
    earlier_rows: dict[tuple[str, str, str], list[int]] = defaultdict(list)  # by anchor, positive, a negative
    for row, (anchor, positive, *negatives) in enumerate(annotations.images.tolist()):
        for negative in negatives:
            for earlier in earlier_rows.get((anchor, negative, positive), ()):
                same = query_key(annotations.images[earlier]) == query_key(annotations.images[row])
                yield Contradiction(earlier, row, same)
        for negative in negatives:
            earlier_rows[anchor, positive, negative].append(row)


def agreement(archive: Archive, annotations: Annotations) -> dict[str, Any]:
    """Returns a part of the report: contradictions, and the agreement between annotators and of each with themselves.

    Writes ``reports/annotations/<utc>-contradictions.csv`` if there are more than twenty contradictions.
    """
    counts, pairs, contradicting_rows = Counter[str](), Counter[tuple[str, str]](), set[int]()
    to_write: list[Contradiction] = []
    for pair in contradictions(annotations):
        counts["same_nine" if pair.same_images else "opposite_order"] += 1
        first, second = sorted((annotations.annotator[pair.first], annotations.annotator[pair.second]))
        pairs[first, second] += 1
        contradicting_rows.update((pair.first, pair.second))
        if len(to_write) < _MAX_WRITTEN:
            to_write.append(pair)
    return {
        "contradictions": {
            "count": counts.total(),
            "same_nine": counts["same_nine"],
            "opposite_order": counts["opposite_order"],
            "annotations": len(contradicting_rows),
        },
        **_shares(annotations, pairs),
        "contradicting": [_as_row(annotations, pair) for pair in to_write[:_MAX_LISTED]],
        "contradictions_file": _file(archive, annotations, to_write) if len(to_write) > _MAX_LISTED else None,
    }


def _shares(annotations: Annotations, contradicting: Counter[tuple[str, str]]) -> dict[str, Any]:
    """Returns how often two annotators made the same choice for a query, and how often each repeated their own.

    If an annotator judged a query several times, the last judgment is compared with those of others, and the first
    with the last for self-agreement.
    """
    rows_by_query: dict[Any, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for row, image_ids in enumerate(annotations.images):
        rows_by_query[query_key(image_ids)][annotations.annotator[row]].append(row)
    row_pairs: dict[tuple[str, str], list[tuple[int, int]]] = defaultdict(list)
    for rows in rows_by_query.values():
        annotators = sorted(rows)
        for index, annotator in enumerate(annotators):
            for other in annotators[index + 1 :]:
                row_pairs[annotator, other].append((rows[annotator][-1], rows[other][-1]))
    self_ranks_by_annotator = judged_twice(annotations)
    between_annotators, within_annotator = [], []
    for annotator, other in sorted({*row_pairs, *contradicting, *((name, name) for name in self_ranks_by_annotator)}):
        count = {"contradictions": contradicting[annotator, other]}
        if annotator == other:
            ranks = self_ranks_by_annotator.get(annotator, np.empty(0))
            same = {"shared": len(ranks), **_score("same", ranks == 1)}
            within_annotator.append({"annotator": annotator, **same, **_score("self_meanrank", ranks), **count})
        else:
            ranks = _ranks(annotations, row_pairs.get((annotator, other), []))
            same = {"shared": len(ranks), **_score("same", ranks == 1)}
            between_annotators.append({"annotator": annotator, "other": other, **same, **count})
    return {"agreement": between_annotators, "self_agreement": within_annotator}


def _ranks(annotations: Annotations, pairs: Sequence[tuple[int, int]]) -> np.ndarray:
    """Ranks each pair's first choice in its second judgment, float64 (n,).

    ``pairs`` are rows of two annotations of the same query.
    """
    first, second = np.array(pairs, np.int64).reshape(-1, 2).T
    return self_ranks(annotations.take(first), annotations.images[second])


def _score(name: str, values: np.ndarray) -> dict[str, float | None]:
    """Returns a mean and its 95% interval as table columns; None where there are no values."""
    score = mean_score(values)
    columns = {name: score.value, f"{name}_low": score.low, f"{name}_high": score.high}
    return {key: None if np.isnan(value) else round(value, 4) for key, value in columns.items()}


def _as_row(annotations: Annotations, contradiction: Contradiction) -> dict[str, str]:
    """Formats a contradiction as a row of the report's table or of the file."""
    row = {
        "kind": "same nine" if contradiction.same_images else "opposite order",
        "anchor": annotations.images[contradiction.first, 0],
    }
    for name, row_number in (("first", contradiction.first), ("second", contradiction.second)):
        row[name] = f"{annotations.annotator[row_number]}: {annotations.images[row_number, 1]}"
        row[f"{name}_id"] = annotations.annotation_id[row_number]
    return row


def _file(archive: Archive, annotations: Annotations, contradictions_to_write: Sequence[Contradiction]) -> str | None:
    """Writes the contradictions to a file; returns its address, or None if the archive can't be written."""
    path = f"reports/annotations/{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}-contradictions.csv"
    try:
        with archive.store.replace(path) as draft, Path(draft).open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, ["kind", "anchor", "first", "first_id", "second", "second_id"])
            writer.writeheader()
            writer.writerows(_as_row(annotations, contradiction) for contradiction in contradictions_to_write)
    except OSError as error:  # the report is complete without the file
        logging.warning("can't write the list of contradictions: %s", error)
        return None
    return archive.store.address(path)
