"""Features and models compared by meanrank: before and after training, on what was trained on and what was held out."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from artsim.archive import Mistake
from artsim.learn.annotations import Annotations
from artsim.learn.contenders import Contender, roles, shares_images
from artsim.learn.model import Encoder
from artsim.measure.interval import Difference, Score, mean_score, paired_difference
from artsim.measure.ranks import ranks

_LEFT_OUT = ("crossing", "validation")  # roles that are neither measured as seen nor as held out


@dataclass(frozen=True)
class Row:
    """A row of the table: meanranks, on the annotations that were trained on or held out; None where there is none.

    ``before`` is of vectors that nothing was learned for, ``after`` of learned ones. ``gain`` is by how much training
    lowered the meanrank of what was held out, ``against_first`` by how much it is lower than that of the first row.
    """

    label: str
    note: str
    before_seen: Score | None = None
    after_seen: Score | None = None
    before: Score | None = None
    after: Score | None = None
    gain: Difference | None = None
    against_first: Difference | None = None


@dataclass(frozen=True)
class Comparison:
    """The rows, and how many annotations there are of each kind, by name."""

    rows: list[Row]
    counts: dict[str, int]


def compare(
    entries: Sequence[Contender], annotations: Annotations, *, metric: str = "cosine", seed: int = 0
) -> Comparison:
    """Compares all entries on the annotations that none of them has seen.

    Each model is measured as well on those it was trained on. Mistake if there is nothing to measure on.
    """
    of_entry = [roles(entry, annotations) for entry in entries]
    seen = [role == "training" for role in of_entry]
    held_out = np.logical_and.reduce([role == "verification" for role in of_entry])
    sharing = [shares_images(model, annotations) & held_out for entry in entries for model in entry.models]
    counts = {
        "held_out": int(held_out.sum()),
        "held_out_with_seen_images": int(np.logical_or.reduce([held_out & False, *sharing]).sum()),
        "seen": int(np.logical_or.reduce(seen).sum()),
        **{name: int(np.logical_or.reduce([role == name for role in of_entry]).sum()) for name in _LEFT_OUT},
    }
    if not (counts["held_out"] or counts["seen"]):
        raise Mistake(
            f"there is nothing to evaluate on: of {len(annotations)} annotations {counts['crossing']} share images "
            f"with a training, {counts['validation']} validated one, and none is held out; features alone "
            "can be evaluated on them, and models that were not trained on these images"
        )
    rows: list[Row] = []
    first = None
    for entry, trained_on in zip(entries, seen, strict=True):
        before = _ranks(entry.before if entry.models else entry.source, annotations, metric)
        after = _ranks(entry.source if entry.models else None, annotations, metric)
        latest = before if after is None else after
        rows.append(
            Row(
                entry.label,
                entry.note,
                before_seen=_mean(before, trained_on, seed),
                after_seen=_mean(after, trained_on, seed),
                before=_mean(before, held_out, seed),
                after=_mean(after, held_out, seed),
                gain=_difference(before, after, held_out, seed),
                against_first=_difference(first, latest, held_out, seed),
            )
        )
        first = latest if first is None else first
    return Comparison(rows, counts)


def person(label: str, found: np.ndarray, seed: int = 0) -> Row:
    """The row of a person who judged again; ``found``, (n,), as ``self_ranks`` gives it."""
    judged = ~np.isnan(found)
    return Row(label, f"a person: {judged.sum()} annotations judged again", after=_mean(found, judged, seed))


def _ranks(source: Encoder | None, annotations: Annotations, metric: str) -> np.ndarray | None:
    if source is None:
        return None
    ids = annotations.ids()
    return ranks(source.find(ids.tolist()), annotations.judged(ids), metric)


def _mean(found: np.ndarray | None, mask: np.ndarray, seed: int) -> Score | None:
    return None if found is None or not mask.any() else mean_score(found[mask], seed)


def _difference(a: np.ndarray | None, b: np.ndarray | None, mask: np.ndarray, seed: int) -> Difference | None:
    return None if a is None or b is None or not mask.any() else paired_difference(a[mask], b[mask], seed)
