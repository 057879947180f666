"""Decides what the evidence of an artwork means: identified, for review by a person, or none of the reference."""

from dataclasses import dataclass

import numpy as np

IDENTIFIED, REVIEW, NONE = "identified", "review", "none"
UNREADABLE = "unreadable"  # the artwork has no image that can be compared
STATUSES = (IDENTIFIED, REVIEW, NONE, UNREADABLE)


@dataclass(frozen=True)
class Decision:
    """The status of an artwork, and the places of its candidates that are written, the best first."""

    status: str
    places: list[int]


def decide(scores: np.ndarray, *, least: float, review: float, most: int) -> Decision:
    """Decides by the agreements with the candidates of one artwork, float64 (c,), in the order of similarity.

    NaN stands for no candidate, which is never written.

    Identified: exactly one candidate agrees by ``least`` or more. Several may be versions or copies of one painting, so
    a person has to choose. Review: the best agrees by ``review`` or more. At most ``most`` candidates that agree by
    ``review`` or more are written. Equal scores keep their order.
    """
    order = np.argsort(-scores, kind="stable")
    places = [int(place) for place in order if scores[place] >= review][:most]
    sure = int((scores >= least).sum())
    if sure == 1 and places:
        return Decision(IDENTIFIED, places)
    return Decision(REVIEW, places) if places else Decision(NONE, [])
