import itertools
import math

import numpy as np
import pytest
from scipy.spatial import distance

from artsim.metrics.distance import METRICS
from artsim.metrics.interval import mean_score
from artsim.metrics.meanrank import ranks


def _judged(rng: np.random.Generator, images: int, count: int, width: int = 9) -> np.ndarray:
    drawn = [rng.choice(images, width, replace=False) for _ in range(count)]
    return np.array(drawn, np.int64).reshape(count, width)


def _naive(vectors: np.ndarray, judged: np.ndarray, metric: str) -> list[float]:
    """Computes ranks from scipy's distances, one pair at a time; ties share the mean of their ranks."""
    naive_ranks = []
    for anchor, *candidates in judged:
        distances = [getattr(distance, metric)(vectors[anchor], vectors[candidate]) for candidate in candidates]
        if math.isnan(distances[0]):
            naive_ranks.append(float(len(distances)))
            continue
        tied = [other for other in distances[1:] if math.isclose(other, distances[0], rel_tol=1e-11, abs_tol=1e-11)]
        nearer = [other for other in distances[1:] if other < distances[0] and other not in tied]
        places = range(len(nearer) + 1, len(nearer) + len(tied) + 2)  # ranks that the ties share
        naive_ranks.append(sum(places) / len(places))
    return naive_ranks


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_ranks_match_a_naive_loop(metric: str, dtype: type) -> None:
    rng = np.random.default_rng(1)
    vectors = rng.random((60, 21)).astype(dtype)  # non-negative, as jensenshannon requires
    judged = _judged(rng, 60, 101)
    np.testing.assert_array_equal(ranks(vectors, judged, metric), _naive(vectors.astype(float), judged, metric))


@pytest.mark.parametrize("metric", ["cosine", "euclidean", "cityblock"])
@pytest.mark.parametrize("dimension", [1, 5, 64, 131])
def test_ties_take_the_average_rank(metric: str, dimension: int) -> None:
    """The 80 images share 5 different vectors, so most candidates tie with another."""
    rng = np.random.default_rng(2)
    vectors = rng.normal(size=(5, dimension)).astype(np.float32)[rng.integers(5, size=80)]
    judged = _judged(rng, 80, 200)
    actual = ranks(vectors, judged, metric)
    assert len({rank % 1 for rank in actual}) == 2
    np.testing.assert_array_equal(actual, _naive(vectors.astype(float), judged, metric))


def test_vectors_of_one_direction_tie_in_cosine() -> None:
    rng = np.random.default_rng(3)
    vectors = np.outer(rng.uniform(0.1, 9, 30), rng.normal(size=77))
    assert (ranks(vectors, _judged(rng, 30, 50)) == 4.5).all()


def test_differences_below_float32_precision_are_resolved() -> None:
    """The positive is nearer by 1e-9: no tie, although float32 can't show the difference."""
    anchor, near, far = [1.0, 0.0], [1.0, 1.0], [1.0, 1.0 + 2e-9]
    vectors = np.array([anchor, near, far])
    assert ranks(vectors, np.array([[0, 1, 2], [0, 2, 1]])).tolist() == [1, 2]


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
@pytest.mark.parametrize("point", [np.full(33, 0.7), np.random.default_rng(4).normal(size=33), np.zeros(33)])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_a_collapsed_model_scores_chance(metric: str, point: np.ndarray, dtype: type) -> None:
    judged = _judged(np.random.default_rng(5), 40, 120)
    score = mean_score(ranks(np.tile(point, (40, 1)).astype(dtype), judged, metric))
    assert (score.value, score.n, score.low, score.high) == (4.5, 120, 4.5, 4.5)


@pytest.mark.parametrize("metric", METRICS)
def test_a_model_of_nan_scores_8(metric: str) -> None:
    judged = _judged(np.random.default_rng(6), 40, 50)
    score = mean_score(ranks(np.full((40, 12), np.nan, np.float32), judged, metric))
    assert (score.value, score.low, score.high) == (8, 8, 8)


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
@pytest.mark.parametrize("broken", [np.nan, np.inf, -np.inf])
def test_a_candidate_of_nan_ranks_last(metric: str, broken: float) -> None:
    vectors = np.random.default_rng(7).normal(size=(9, 6))
    for count in range(8):
        damaged = vectors.copy()
        damaged[2 : 2 + count, 3] = broken
        (rank,) = ranks(damaged, np.arange(9)[None], metric)
        left = [0, 1, *range(2 + count, 9)]
        assert rank == ranks(damaged, np.array([left]), metric)[0]  # as if the damaged candidates were absent
    vectors[1, 0] = broken
    assert ranks(vectors, np.arange(9)[None], metric) == 8
    vectors[0, 0] = broken
    assert ranks(vectors, np.arange(9)[None], metric) == 8


def test_a_zero_vector_gives_no_advantage() -> None:
    """It counts as orthogonal to everything: farther than aligned vectors, nearer than opposite ones."""
    vectors = np.array([[1.0, 0], [0, 0], [1, 1], [-1, 1], [0, 1]])
    assert ranks(vectors, np.array([[0, 1, 2, 3]])).tolist() == [2]
    assert ranks(vectors, np.array([[0, 1, 2, 4]])).tolist() == [2.5]
    assert ranks(vectors, np.array([[1, 0, 2, 3]])).tolist() == [2]


@pytest.mark.parametrize("scale", [1e-30, 1e-22, 1e-14, 1e-5, 1e25])
def test_vectors_too_small_for_float32_squares(scale: float) -> None:
    rng = np.random.default_rng(8)
    vectors = rng.normal(size=(40, 9)).astype(np.float32)
    judged = _judged(rng, 40, 60)
    for metric in ("cosine", "euclidean"):
        np.testing.assert_array_equal(
            ranks(vectors * np.float32(scale), judged, metric), ranks(vectors, judged, metric)
        )


@pytest.mark.parametrize("count", [0, 1, 7, 8, 9, 17])
@pytest.mark.parametrize("width", [2, 3, 9])
def test_any_number_of_annotations_and_candidates(count: int, width: int) -> None:
    rng = np.random.default_rng(9)
    vectors = rng.normal(size=(20, 4)).astype(np.float32)
    judged = _judged(rng, 20, count, width)
    for metric in ("cosine", "euclidean"):
        np.testing.assert_array_equal(ranks(vectors, judged, metric), _naive(vectors.astype(float), judged, metric))
    assert mean_score(ranks(vectors, judged)).n == count


def test_ranks_do_not_depend_on_the_order_of_negatives() -> None:
    vectors = np.random.default_rng(10).integers(0, 2, (6, 3)).astype(float)
    judged = np.array([[0, 1, *negatives] for negatives in itertools.permutations(range(2, 6))])
    assert len(set(ranks(vectors, judged))) == 1
