"""Compares features and models by meanrank: before and after training, on seen and on held-out annotations."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from artsim.annotations.annotations import Annotations
from artsim.annotations.folds import NEW_GROUPS
from artsim.archive import Archive, UserError
from artsim.encoders.model import Encoder
from artsim.evaluate.novelty import LEVELS, Novelty, distance_of_folds, novelty
from artsim.evaluate.systems import System
from artsim.learn.plan import anchor_units
from artsim.metrics.interval import Difference, Score, mean_score, paired_difference
from artsim.metrics.meanrank import ranks

SEEN, VALIDATION, *_HELD_OUT = LEVELS
PERSON = "a person"  # the note of a person's row begins with this


@dataclass(frozen=True)
class CrossValidated:
    """How many annotations of a row were ranked by cross-validation, and by how many folds."""

    annotations: int
    folds: int


@dataclass(frozen=True)
class Row:
    """A table row: meanranks on the annotations that were trained on (seen) or held out; None if there is none.

    ``before`` is for vectors that nothing was learned for, ``after`` for learned ones. ``gain`` is how far training
    lowered the meanrank on held-out annotations, ``against_first`` how far it is below that of the first row.
    """

    label: str
    note: str
    cross_validated: CrossValidated | None = None
    before_seen: Score | None = None
    after_seen: Score | None = None
    before: Score | None = None
    after: Score | None = None
    gain: Difference | None = None
    against_first: Difference | None = None


@dataclass(frozen=True)
class Comparison:
    """``tables``: the rows for each kind of held-out annotations, newest kind first; "seen" if none is held out.

    Only the first table has scores on seen annotations. ``counts``: how many annotations are seen, chose an epoch, or
    are of a kind; ``measured``: how many a table covers. ``remarks``: sentences about what could not be used.
    """

    tables: dict[str, list[Row]]
    counts: dict[str, int]
    measured: int
    remarks: list[str]


@dataclass(frozen=True)
class _Measured:
    """A system, how new each annotation is to it, and its ranks, float64 (n,); None where it has none."""

    system: System
    novelty: Novelty
    before: np.ndarray | None
    after: np.ndarray | None

    def held_out(self, kind: str) -> tuple[np.ndarray | None, np.ndarray | None]:
        """Ranks before and after training; those of the cross-validation replace the final model's."""
        tested = self.novelty.tested.get(kind)
        if tested is None:
            return self.before, self.after
        ranked = ~np.isnan(tested.rank)
        no_ranks = np.full(len(ranked), np.nan)
        before, after = (no_ranks if final is None else final for final in (self.before, self.after))
        return np.where(ranked, tested.before, before), np.where(ranked, tested.rank, after)


def compare(
    archive: Archive,
    entries: Sequence[System],
    annotations: Annotations,
    *,
    metric: str = "cosine",
    seed: int = 0,
    column: str | None = None,
) -> Comparison:
    """Compares all systems; for each kind, on the annotations for which all have a held-out rank of this kind.

    An annotation is of a kind if it is for some system, and at least as new to every other. Each model is also measured
    on the annotations that it was trained on. Annotations with the same anchor depend on each other; for new groups, so
    do those whose anchors have the same value of ``column``. Raises a user error if there is nothing to measure on.
    """
    measured = [_measure(archive, entry, annotations, metric) for entry in entries]
    novelties = [item.novelty for item in measured]
    seen = np.logical_or.reduce([item.level == LEVELS.index(SEEN) for item in novelties])
    validation = np.logical_or.reduce([item.level == LEVELS.index(VALIDATION) for item in novelties])
    masks = {kind: _of_kind(novelties, kind) for kind in reversed(_HELD_OUT)}
    masks = {kind: mask for kind, mask in masks.items() if mask.any()}
    if not (masks or seen.any()):
        raise UserError(
            f"no annotations to evaluate on: {validation.sum()} of {len(annotations)} chose the best epoch of a "
            "training, and there are no others; use `annotator` to choose others"
        )
    anchors, no_annotations = annotations.images[:, 0].tolist(), np.zeros(len(annotations), bool)
    units = {kind: anchor_units(archive, anchors, column if kind == NEW_GROUPS else None) for kind in masks or [SEEN]}
    tables = {kind: _Table(kind, masks.get(kind, no_annotations), units[kind], seed) for kind in units}
    rows = {kind: table.rows(measured, with_seen=not number) for number, (kind, table) in enumerate(tables.items())}
    counts = {SEEN: seen, VALIDATION: validation, **masks}
    return Comparison(
        rows,
        {name: int(mask.sum()) for name, mask in counts.items()},
        int(np.logical_or.reduce([seen, *masks.values()]).sum()),
        _remarks(entries, metric),
    )


def person(label: str, rank: np.ndarray, seed: int = 0) -> Row:
    """The row of a person who judged again. ``rank``, (n,), comes from ``self_ranks``."""
    judged = ~np.isnan(rank)
    after = mean_score(rank[judged], seed) if judged.any() else None
    return Row(label, f"{PERSON}: {judged.sum()} annotations judged again", after=after)


def _measure(archive: Archive, entry: System, annotations: Annotations, metric: str) -> _Measured:
    return _Measured(
        entry,
        novelty(archive, entry, annotations, metric),
        _ranks(entry.before if entry.models else entry.source, annotations, metric),
        _ranks(entry.source if entry.models else None, annotations, metric),
    )


def _of_kind(novelties: Sequence[Novelty], kind: str) -> np.ndarray:
    at_least_as_new = np.logical_and.reduce([item.at_least(kind) for item in novelties])
    return at_least_as_new & np.logical_or.reduce([item.exactly(kind) for item in novelties])


@dataclass(frozen=True)
class _Table:
    """A table on the annotations of a kind that ``mask``, bool (n,), selects; ``units``, int (n,), are resampled."""

    kind: str
    mask: np.ndarray
    units: np.ndarray
    seed: int

    def rows(self, measured: Sequence[_Measured], *, with_seen: bool) -> list[Row]:
        rows: list[Row] = []
        first = None
        for item in measured:
            trained_on = (item.novelty.level == LEVELS.index(SEEN)) & with_seen
            before, after = item.held_out(self.kind)
            latest = before if after is None else after
            tested = _cross_validated(item.novelty, self.kind, self.mask)
            rows.append(
                Row(
                    item.system.label,
                    f"{_folds_note(tested, int(self.mask.sum()))}; {item.system.note}" if tested else item.system.note,
                    tested,
                    before_seen=self._mean(item.before, trained_on),
                    after_seen=self._mean(item.after, trained_on),
                    before=self._mean(before, self.mask),
                    after=self._mean(after, self.mask),
                    gain=self._difference(before, after),
                    against_first=self._difference(first, latest),
                )
            )
            first = latest if first is None else first
        return rows

    def _mean(self, rank: np.ndarray | None, mask: np.ndarray) -> Score | None:
        if rank is None or not _complete(rank, mask):
            return None
        return mean_score(rank[mask], self.seed, self.units[mask])

    def _difference(self, a: np.ndarray | None, b: np.ndarray | None) -> Difference | None:
        if a is None or b is None or not (_complete(a, self.mask) and _complete(b, self.mask)):
            return None
        return paired_difference(a[self.mask], b[self.mask], self.seed, self.units[self.mask])


def _cross_validated(novelty: Novelty, kind: str, mask: np.ndarray) -> CrossValidated | None:
    tested = novelty.tested.get(kind)
    count = 0 if tested is None else int((mask & ~np.isnan(tested.rank)).sum())
    return CrossValidated(count, tested.folds) if tested and count else None


def _folds_note(tested: CrossValidated, count: int) -> str:
    share_text = "" if tested.annotations == count else f"{tested.annotations} of {count} "
    if tested.folds == 1:
        return f"{share_text}by one held-out fold" if share_text else "one held-out fold"
    return f"{share_text}cross-validated, {tested.folds} folds"


def _remarks(entries: Sequence[System], metric: str) -> list[str]:
    """Names the cross-validations that can't be used because they measured by another distance."""
    others = {
        model.name: distance
        for entry in entries
        if (model := entry.tested) and (distance := distance_of_folds(model)) not in (None, metric)
    }
    return [
        f"{name} was cross-validated by {distance} distance: with `metric` {metric}, the annotations it was "
        "trained on count only as seen."
        for name, distance in others.items()
    ]


def _ranks(source: Encoder | None, annotations: Annotations, metric: str) -> np.ndarray | None:
    if source is None:
        return None
    ids = annotations.ids()
    return ranks(source.find(ids.tolist()), annotations.judged(ids), metric)


def _complete(rank: np.ndarray, mask: np.ndarray) -> bool:
    """Whether ``mask`` selects at least one annotation, and all that it selects have a rank."""
    return bool(mask.any()) and not np.isnan(rank[mask]).any()
