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
from artsim.annotations.self_meanrank import judged_twice, judgement_key, self_ranks
from artsim.archive import Archive
from artsim.metrics.interval import mean_score

_SHOWN = 20  # contradictions listed in the report
_KEPT = 100_000  # contradictions written to the file


@dataclass(frozen=True)
class Contradiction:
    """Two annotations of one anchor, as row numbers; each has the other's positive among its negatives.

    ``same_nine``: both have the same eight candidates.
    """

    first: int
    second: int
    same_nine: bool


def contradictions(annotations: Annotations) -> Iterator[Contradiction]:
    """Yields every pair of annotations that contradict each other, ordered by the later one."""
    earlier_rows: dict[tuple[str, str, str], list[int]] = defaultdict(list)  # by anchor, positive, a negative
    for row, (anchor, positive, *negatives) in enumerate(annotations.images.tolist()):
        for negative in negatives:
            for earlier in earlier_rows.get((anchor, negative, positive), ()):
                same = judgement_key(annotations.images[earlier]) == judgement_key(annotations.images[row])
                yield Contradiction(earlier, row, same)
        for negative in negatives:
            earlier_rows[anchor, positive, negative].append(row)


def agreement(archive: Archive, annotations: Annotations) -> dict[str, Any]:
    """Returns a part of the report: contradictions, and the agreement between annotators and of each with themselves.

    Writes ``reports/annotations/<utc>-contradictions.csv`` if there are more than twenty contradictions.
    """
    kinds, pairs, involved = Counter[str](), Counter[tuple[str, str]](), set[int]()
    kept: list[Contradiction] = []
    for pair in contradictions(annotations):
        kinds["same_nine" if pair.same_nine else "opposite_order"] += 1
        first, second = sorted((annotations.annotator[pair.first], annotations.annotator[pair.second]))
        pairs[first, second] += 1
        involved.update((pair.first, pair.second))
        if len(kept) < _KEPT:
            kept.append(pair)
    return {
        "contradictions": {
            "count": kinds.total(),
            "same_nine": kinds["same_nine"],
            "opposite_order": kinds["opposite_order"],
            "annotations": len(involved),
        },
        **_shares(annotations, pairs),
        "contradicting": [_told(annotations, pair) for pair in kept[:_SHOWN]],
        "contradictions_file": _file(archive, annotations, kept) if len(kept) > _SHOWN else None,
    }


def _shares(annotations: Annotations, contradicting: Counter[tuple[str, str]]) -> dict[str, Any]:
    """Returns how often two annotators made the same choice for a query, and how often each repeated their own.

    If an annotator judged a query several times, the last judgement is compared with those of others, and the first
    with the last for self-agreement.
    """
    judged: dict[Any, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for row, nine in enumerate(annotations.images):
        judged[judgement_key(nine)][annotations.annotator[row]].append(row)
    compared: dict[tuple[str, str], list[tuple[int, int]]] = defaultdict(list)
    for rows in judged.values():
        people = sorted(rows)
        for place, annotator in enumerate(people):
            for other in people[place + 1 :]:
                compared[annotator, other].append((rows[annotator][-1], rows[other][-1]))
    alone = judged_twice(annotations)
    between, within = [], []
    for annotator, other in sorted({*compared, *contradicting, *((name, name) for name in alone)}):
        count = {"contradictions": contradicting[annotator, other]}
        if annotator == other:
            ranks = alone.get(annotator, np.empty(0))
            same = {"shared": len(ranks), **_score("same", ranks == 1)}
            within.append({"annotator": annotator, **same, **_score("self_meanrank", ranks), **count})
        else:
            ranks = _ranks(annotations, compared.get((annotator, other), []))
            same = {"shared": len(ranks), **_score("same", ranks == 1)}
            between.append({"annotator": annotator, "other": other, **same, **count})
    return {"agreement": between, "self_agreement": within}


def _ranks(annotations: Annotations, pairs: Sequence[tuple[int, int]]) -> np.ndarray:
    """Ranks each pair's first choice in its second judgement, float64 (n,).

    ``pairs`` are rows of two annotations of the same query.
    """
    first, second = np.array(pairs, np.int64).reshape(-1, 2).T
    return self_ranks(annotations.take(first), annotations.images[second])


def _score(name: str, values: np.ndarray) -> dict[str, float | None]:
    """Returns a mean and its 95% interval as table columns; None where there are no values."""
    score = mean_score(values)
    columns = {name: score.value, f"{name}_low": score.low, f"{name}_high": score.high}
    return {key: None if np.isnan(value) else round(value, 4) for key, value in columns.items()}


def _told(annotations: Annotations, one: Contradiction) -> dict[str, str]:
    """Formats a contradiction as a row of the report's table or of the file."""
    row = {"kind": "same nine" if one.same_nine else "opposite order", "anchor": annotations.images[one.first, 0]}
    for name, place in (("first", one.first), ("second", one.second)):
        row[name] = f"{annotations.annotator[place]}: {annotations.images[place, 1]}"
        row[f"{name}_id"] = annotations.annotation_id[place]
    return row


def _file(archive: Archive, annotations: Annotations, found: Sequence[Contradiction]) -> str | None:
    """Writes the contradictions to a file; returns its address, or None if the archive can't be written."""
    path = f"reports/annotations/{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}-contradictions.csv"
    try:
        with archive.store.replace(path) as draft, Path(draft).open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, ["kind", "anchor", "first", "first_id", "second", "second_id"])
            writer.writeheader()
            writer.writerows(_told(annotations, contradiction) for contradiction in found)
    except OSError as error:  # the report is complete without the file
        logging.warning("can't write the list of contradictions: %s", error)
        return None
    return archive.store.address(path)
