"""Whether annotators agree: contradictions, and how often the same nine get the same choice."""

import csv
import logging
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from artsim.archive import Archive
from artsim.learn.annotations import Annotations
from artsim.learn.self_meanrank import judged_twice, question, self_ranks
from artsim.measure.interval import mean_score

_SHOWN = 20  # contradictions in the report
_KEPT = 100_000  # in the file


@dataclass(frozen=True)
class Contradiction:
    """Two annotations, as rows, of one anchor: each has the other's positive among its negatives.

    ``same_nine`` says that they have the same eight candidates.
    """

    first: int
    second: int
    same_nine: bool


def contradictions(annotations: Annotations) -> Iterator[Contradiction]:
    """Every pair of annotations that contradict each other, in the order of the second."""
    said: dict[tuple[str, str, str], list[int]] = defaultdict(list)  # rows by anchor, positive, a negative
    for row, (anchor, positive, *negatives) in enumerate(annotations.images.tolist()):
        for negative in negatives:
            for before in said.get((anchor, negative, positive), ()):
                same = question(annotations.images[before]) == question(annotations.images[row])
                yield Contradiction(before, row, same)
        for negative in negatives:
            said[anchor, positive, negative].append(row)


def agreement(archive: Archive, annotations: Annotations) -> dict[str, Any]:
    """Contradictions, and the agreement of each two annotators and of each with themselves; a share of a report.

    More than twenty contradictions are written to ``reports/annotations/<utc>-contradictions.csv``.
    """
    kinds, pairs, involved = Counter[str](), Counter[tuple[str, str]](), set[int]()
    kept: list[Contradiction] = []
    for one in contradictions(annotations):
        kinds["same_nine" if one.same_nine else "opposite_order"] += 1
        first, second = sorted((annotations.annotator[one.first], annotations.annotator[one.second]))
        pairs[first, second] += 1
        involved.update((one.first, one.second))
        if len(kept) < _KEPT:
            kept.append(one)
    return {
        "contradictions": {
            "count": kinds.total(),
            "same_nine": kinds["same_nine"],
            "opposite_order": kinds["opposite_order"],
            "annotations": len(involved),
        },
        **_shares(annotations, pairs),
        "contradicting": [_told(annotations, one) for one in kept[:_SHOWN]],
        "contradictions_file": _file(archive, annotations, kept) if len(kept) > _SHOWN else None,
    }


def _shares(annotations: Annotations, contradicting: Counter[tuple[str, str]]) -> dict[str, Any]:
    """How often two annotators chose the same of the same nine, and each annotator in two judgements of their own.

    Of several judgements of the same nine the last counts between annotators, the first and the last within one.
    """
    judged: dict[Any, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for row, nine in enumerate(annotations.images):
        judged[question(nine)][annotations.annotator[row]].append(row)
    compared: dict[tuple[str, str], list[tuple[int, int]]] = defaultdict(list)
    for rows in judged.values():
        people = sorted(rows)
        for place, one in enumerate(people):
            for other in people[place + 1 :]:
                compared[one, other].append((rows[one][-1], rows[other][-1]))
    alone = judged_twice(annotations)
    between, within = [], []
    for one, other in sorted({*compared, *contradicting, *((name, name) for name in alone)}):
        count = {"contradictions": contradicting[one, other]}
        if one == other:
            ranks = alone.get(one, np.empty(0))
            same = {"shared": len(ranks), **_score("same", ranks == 1)}
            within.append({"annotator": one, **same, **_score("self_meanrank", ranks), **count})
        else:
            ranks = _ranks(annotations, compared.get((one, other), []))
            same = {"shared": len(ranks), **_score("same", ranks == 1)}
            between.append({"annotator": one, "other": other, **same, **count})
    return {"agreement": between, "self_agreement": within}


def _ranks(annotations: Annotations, pairs: Sequence[tuple[int, int]]) -> np.ndarray:
    """Where the first choice stands in the second judgement, float64 (n,); pairs are rows of the same nine."""
    first, second = np.array(pairs, np.int64).reshape(-1, 2).T
    return self_ranks(annotations.take(first), annotations.images[second])


def _score(name: str, values: np.ndarray) -> dict[str, float | None]:
    """A mean with its 95% interval, as columns of a table; None where there are no values."""
    score = mean_score(values)
    found = {name: score.value, f"{name}_low": score.low, f"{name}_high": score.high}
    return {key: None if np.isnan(value) else round(value, 4) for key, value in found.items()}


def _told(annotations: Annotations, one: Contradiction) -> dict[str, str]:
    """A contradiction as a row of a table, or of the file."""
    row = {"kind": "same nine" if one.same_nine else "opposite order", "anchor": annotations.images[one.first, 0]}
    for name, place in (("first", one.first), ("second", one.second)):
        row[name] = f"{annotations.annotator[place]}: {annotations.images[place, 1]}"
        row[f"{name}_id"] = annotations.annotation_id[place]
    return row


def _file(archive: Archive, annotations: Annotations, found: Sequence[Contradiction]) -> str | None:
    """Writes all of them; the file's address, None where the archive can't be written to."""
    path = f"reports/annotations/{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}-contradictions.csv"
    try:
        with archive.store.replace(path) as draft, Path(draft).open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, ["kind", "anchor", "first", "first_id", "second", "second_id"])
            writer.writeheader()
            writer.writerows(_told(annotations, one) for one in found)
    except OSError as error:  # the answer is there all the same
        logging.warning("the list of contradictions can't be kept in the archive: %s", error)
        return None
    return archive.store.address(path)
