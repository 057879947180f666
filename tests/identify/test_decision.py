import numpy as np
import pytest

from artsim.identify.decision import decide


def test_without_a_limit_for_review_only_candidates_are_written() -> None:
    decision = decide(np.array([np.nan, 0.0, np.nan]), least=0.7, review=0.0, most=3)
    assert (decision.status, decision.places) == ("review", [1])
    assert decide(np.array([np.nan, np.nan]), least=0.7, review=0.0, most=3).status == "none"


@pytest.mark.parametrize(
    ("scores", "status", "places"),
    [
        ([0.1, 0.9, 0.2], "identified", [1]),
        ([0.5, 0.9, 0.6], "identified", [1, 2]),
        ([0.9, 0.8, 0.1], "review", [0, 1]),  # two versions of one painting
        ([0.5, 0.5, 0.1], "review", [0, 1]),
        ([0.5, 0.6, 0.45], "review", [1, 0]),
        ([0.1, 0.0, 0.39], "none", []),
        ([], "none", []),
    ],
)
def test_only_one_clear_candidate_is_identified(scores: list[float], status: str, places: list[int]) -> None:
    decision = decide(np.array(scores), least=0.7, review=0.4, most=2)
    assert (decision.status, decision.places) == (status, places)
