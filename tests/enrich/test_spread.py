"""Votes of similar artworks against a naive computation; calibration."""

import numpy as np
import pytest

from artsim.enrich.spread import Spreader, calibrate, held_out, reliability


def _made(count: int = 40) -> tuple[np.ndarray, np.ndarray, dict[str, list[str]]]:
    rng = np.random.default_rng(2)
    ids = np.array([f"a:{number}" for number in range(count)], object)
    given = {image_id: [f"g{number % 3}", *(["rare"] if number < 2 else [])] for number, image_id in enumerate(ids)}
    vectors = 2 * np.eye(3, 6)[np.arange(count) % 3] + rng.normal(0, 1, (count, 6))
    return ids, vectors.astype(np.float32), given


def test_votes_are_those_of_the_nearest_others() -> None:
    ids, vectors, given = _made()
    found = Spreader(ids, vectors, given, 7)(ids, vectors)
    unit = vectors.astype(float) / np.linalg.norm(vectors.astype(float), axis=1, keepdims=True)
    for row in range(len(ids)):
        distance = 1 - unit @ unit[row]
        distance[row] = np.inf
        nearest = np.argsort(distance)[:7]
        near, far = distance[nearest[0]], distance[nearest[-1]]
        weight = {other: (far - distance[other]) / (far - near) + 1 / 7 for other in nearest}
        for suggestion in found[row]:
            voters = [other for other in nearest if suggestion.keyword in given[ids[other]]]
            assert suggestion.votes == pytest.approx(sum(weight[o] for o in voters) / sum(weight.values()), abs=1e-4)
            assert suggestion.evidence == tuple(ids[voters][:5])
        assert sum(suggestion.votes for suggestion in found[row]) == pytest.approx(1)  # one keyword each, but "rare"


def test_a_keyword_of_two_artworks_is_not_suggested() -> None:
    ids, vectors, given = _made()
    spreader = Spreader(ids, vectors, given, 7)
    assert spreader.keywords == {"g0", "g1", "g2"}
    assert all(suggestion.keyword != "rare" for suggestions in spreader(ids, vectors) for suggestion in suggestions)


def test_equal_vectors_vote_equally() -> None:
    ids, _, given = _made(8)
    found = Spreader(ids, np.ones((8, 4), np.float32), given, 20)(ids[:1], np.ones((1, 4), np.float32))
    assert {suggestion.keyword: suggestion.votes for suggestion in found[0]}["g1"] == pytest.approx(3 / 7)


def test_the_confidence_rises_with_the_votes_and_is_that_of_its_group() -> None:
    rng = np.random.default_rng(0)
    votes = rng.random(20_000)
    right = rng.random(20_000) < votes**2
    calibration = calibrate(votes, right)
    at = np.linspace(0, 1, 50)
    assert (np.diff(calibration(at)) >= 0).all()
    assert calibration(at) == pytest.approx(at**2, abs=0.08)
    scores, table = reliability(votes, right, np.arange(20_000), int(right.sum()), 0.5, 0)
    assert scores["calibration_error"] < 0.02
    assert sum(row["suggestions"] for row in table) == 20_000
    for row in table:
        assert row["right"] == pytest.approx(row["mean_confidence"], abs=0.04)


def test_precision_and_recall_are_those_of_chosen_suggestions() -> None:
    ids, vectors, given = _made(90)
    spreader = Spreader(ids, vectors, given, 9)
    votes, right, row = held_out(spreader, ids, vectors, given)
    assert right.sum() <= 90 and len(row) == len(votes)
    everything, _ = reliability(votes, right, row, 90, 0.0, 0)
    assert everything["precision"] == pytest.approx(right.mean(), abs=1e-4)
    assert everything["recall"] == pytest.approx(right.sum() / 90, abs=1e-4)
