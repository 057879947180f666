"""Spreads keywords to similar artworks: a vote of the nearest artworks with keywords, as a calibrated confidence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from artsim.space.search import search

_BINS = 5  # of the table of reliability
_EVIDENCE = 5  # artworks that a suggestion names
_MIN_ARTWORKS = 3  # artworks with a keyword before it is suggested


@dataclass(frozen=True)
class Suggestion:
    """A keyword for an artwork: the share of votes, 0 to 1, and the nearest artworks that have the keyword."""

    keyword: str
    votes: float
    evidence: tuple[str, ...]


class Spreader:
    """Suggests keywords from artworks that have some: ``ids`` and ``vectors`` (n, d), and the keywords of each id."""

    def __init__(self, ids: np.ndarray, vectors: np.ndarray, given: Mapping[str, Sequence[str]], k: int) -> None:
        self._ids = ids
        self._vectors = vectors
        self._given = given
        self._k = k
        counts: dict[str, int] = {}
        for identifier in ids:
            for keyword in given[identifier]:
                counts[keyword] = counts.get(keyword, 0) + 1
        self.keywords = {keyword for keyword, count in counts.items() if count >= _MIN_ARTWORKS}

    def __call__(self, ids: np.ndarray, vectors: np.ndarray) -> list[list[Suggestion]]:
        """Returns the suggestions for each artwork, without its own keywords and without its own vote.

        Votes count more the nearer a neighbor is: from 1 + 1 / k for the nearest to 1 / k for the farthest, linear in
        the distance.
        """
        if not len(ids):
            return []
        nearest = search([(self._ids, self._vectors)], vectors, self._k, metric="cosine", but_not=ids)
        return [
            self._of(neighbors, distances) for neighbors, distances in zip(nearest.ids, nearest.distances, strict=True)
        ]

    def _of(self, neighbors: np.ndarray, distances: np.ndarray) -> list[Suggestion]:
        if not len(neighbors):
            return []
        reach = float(distances[-1] - distances[0])
        weights = (distances[-1] - distances) / reach if reach > 0 else np.ones(len(distances))
        weights = weights + 1 / len(weights)  # the farthest counts a little
        votes: dict[str, float] = {}
        evidence: dict[str, list[str]] = {}
        for neighbor, weight in zip(neighbors.tolist(), weights.tolist(), strict=True):
            for keyword in self._given[neighbor]:
                if keyword in self.keywords:
                    votes[keyword] = votes.get(keyword, 0.0) + weight
                    evidence.setdefault(keyword, []).append(neighbor)
        total = float(weights.sum())
        return [
            Suggestion(keyword, vote / total, tuple(evidence[keyword][:_EVIDENCE]))
            for keyword, vote in sorted(votes.items(), key=lambda item: (-item[1], item[0]))
        ]


@dataclass(frozen=True)
class Calibration:
    """The confidence of a share of votes: a rising step function through points, by isotonic regression."""

    votes: np.ndarray
    confidence: np.ndarray

    def __call__(self, votes: np.ndarray) -> np.ndarray:
        """Returns the confidence of each share of votes (n,), 0 to 1."""
        return np.interp(votes, self.votes, self.confidence)


def calibrate(votes: np.ndarray, is_right: np.ndarray) -> Calibration:
    """Fits the confidence to held-out artworks: votes (n,) and whether the artwork has the keyword, bool (n,)."""
    from sklearn.isotonic import IsotonicRegression

    least = 1 / (len(votes) + 2)  # nothing is certain: the rule of succession
    fitted = IsotonicRegression(y_min=least, y_max=1 - least).fit(votes, is_right)
    return Calibration(np.asarray(fitted.X_thresholds_), np.asarray(fitted.y_thresholds_))


def held_out(
    spreader: Spreader, ids: np.ndarray, vectors: np.ndarray, given: Mapping[str, Sequence[str]]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns votes (n,), whether they are right, bool (n,), and the artwork's row (n,) of what would be suggested.

    Each artwork with keywords is held out in turn: only the others vote.
    """
    rows = [
        (suggestion.votes, suggestion.keyword in given[identifier], row)
        for row, (identifier, suggestions) in enumerate(zip(ids, spreader(ids, vectors), strict=True))
        for suggestion in suggestions
    ]
    votes, right, row = zip(*rows, strict=True) if rows else ((), (), ())
    return np.array(votes, float), np.array(right, bool), np.array(row, np.int64)


def reliability(
    votes: np.ndarray, is_right: np.ndarray, row: np.ndarray, pairs: int, least: float, seed: int
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Returns how good the confidence is, and how often it is right by its size.

    Half of the artworks calibrate, and the confidence is measured on the other half, then the other way round.
    Precision and recall are those of suggestions of at least the confidence ``least``; the artworks have ``pairs``
    keywords in all.
    """
    half = np.random.default_rng(seed).permutation(row.max(initial=0) + 1)[row] % 2
    confidence = np.empty(len(votes))
    for side in (0, 1):
        fitted = half != side
        if fitted.any() and (~fitted).any():
            confidence[~fitted] = calibrate(votes[fitted], is_right[fitted])(votes[~fitted])
        else:
            confidence[~fitted] = np.nan
    known = np.isfinite(confidence)
    confidence, is_right = confidence[known], is_right[known]
    bins = np.minimum((confidence * _BINS).astype(int), _BINS - 1)
    table: list[dict[str, Any]] = [
        {
            "confidence": f"{number / _BINS:.1f} to {(number + 1) / _BINS:.1f}",
            "suggestions": int((bins == number).sum()),
            "mean_confidence": round(float(confidence[bins == number].mean()), 3),
            "right": round(float(is_right[bins == number].mean()), 3),
        }
        for number in range(_BINS)
        if (bins == number).any()
    ]
    error = sum(row["suggestions"] * abs(row["mean_confidence"] - row["right"]) for row in table) / max(len(bins), 1)
    chosen = confidence >= least
    scores = {
        "calibration_error": round(error, 4),
        "precision": round(float(is_right[chosen].mean()), 4) if chosen.any() else None,
        "recall": round(float(is_right[chosen].sum() / max(pairs, 1)), 4),
    }
    return scores, table
