import numpy as np
import pytest
from scipy.spatial.distance import cosine, euclidean

from artsim.metrics.retrieval import CUTS, MEASURES, positions, retrieval

_NAIVE = {"cosine": cosine, "euclidean": euclidean}


def _archive(count: int = 90, dimension: int = 7, different: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    vectors = rng.normal(size=(count, dimension)).astype(np.float32)
    if different:
        vectors = vectors[:different][rng.integers(different, size=count)]
    return np.array([f"made:{number}" for number in range(count)], dtype=object), vectors


def _blocks(ids: np.ndarray, vectors: np.ndarray, size: int = 13) -> list[tuple[np.ndarray, np.ndarray]]:
    return [(ids[start : start + size], vectors[start : start + size]) for start in range(0, len(ids), size)]


def _naive(vectors: np.ndarray, query: int, wanted: int, metric: str) -> float:
    distances = [_NAIVE[metric](vectors[query].astype(float), vector.astype(float)) for vector in vectors]
    other_distances = [distance for index, distance in enumerate(distances) if index not in (query, wanted)]
    tied = sum(abs(distance - distances[wanted]) < 1e-12 for distance in other_distances)
    return 1 + sum(distance < distances[wanted] - 1e-12 for distance in other_distances) + tied / 2


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
@pytest.mark.parametrize("different", [None, 6])
def test_positions_match_a_naive_loop(metric: str, different: int | None) -> None:
    ids, vectors = _archive(different=different)
    linked = np.array([3, 50, 51, 80, 7])
    pairs = np.array([[0, 1], [1, 0], [1, 2], [2, 1], [3, 4], [4, 3]])
    actual = positions(_blocks(ids, vectors), ids[linked], vectors[linked], pairs, metric)
    expected = [_naive(vectors, linked[query], linked[wanted], metric) for query, wanted in pairs]
    assert actual.tolist() == expected


def test_block_boundaries_do_not_matter(monkeypatch) -> None:
    ids, vectors = _archive()
    pairs = np.array([[0, 1], [1, 0], [2, 0]])
    whole = positions([(ids, vectors)], ids[:3], vectors[:3], pairs)
    monkeypatch.setattr("artsim.metrics.retrieval._CELLS", 20)
    assert positions(_blocks(ids, vectors, 1), ids[:3], vectors[:3], pairs).tolist() == whole.tolist()
    assert positions(_blocks(ids, vectors, 40), ids[:3], vectors[:3], pairs).tolist() == whole.tolist()


def test_rounding_does_not_rank_a_vector_before_itself() -> None:
    """A network's vectors differ in the last digits from batch to batch."""
    ids, vectors = _archive()
    pairs = np.array([[0, 1], [1, 0]])
    whole = positions(_blocks(ids, vectors), ids[:2], vectors[:2], pairs)
    for sign in (-1, 1):
        again = vectors * np.float32(1) + sign * np.float32(1e-6)
        assert positions(_blocks(ids, again), ids[:2], vectors[:2], pairs).tolist() == whole.tolist()


def test_artworks_without_a_vector_rank_last() -> None:
    ids, vectors = _archive()
    pairs = np.array([[0, 1], [1, 0], [2, 0]])
    vectors[1] = np.nan
    actual = positions(_blocks(ids, vectors), ids[:3], vectors[:3], pairs)
    assert actual[:2].tolist() == [89, 89]
    others = np.delete(np.arange(90), 1)
    without_it = positions(_blocks(ids[others], vectors[others]), ids[:3], vectors[:3], pairs)
    assert actual[2] == without_it[2]
    nothing = np.full_like(vectors, np.nan)
    assert positions(_blocks(ids, nothing), ids[:3], nothing[:3], pairs).tolist() == [89] * 3


def test_a_collapsed_space_ranks_everything_in_the_middle() -> None:
    ids, vectors = _archive()
    vectors[:] = vectors[0]
    assert positions(_blocks(ids, vectors), ids[:3], vectors[:3], np.array([[0, 1], [1, 2]])).tolist() == [45, 45]


def test_scores_match_naive_loops() -> None:
    rng = np.random.default_rng(2)
    pairs = np.array([[query, wanted] for query in range(12) for wanted in range(12) if (query + wanted) % 4 == 1])
    pair_positions = rng.integers(1, 600, len(pairs)).astype(float)
    per_query: dict[int, list[float]] = {}
    for (query, _), position in zip(pairs, pair_positions, strict=True):
        per_query.setdefault(query, []).append(position)
    rows = []
    for places in map(sorted, per_query.values()):
        middle = (places[(len(places) - 1) // 2] + places[len(places) // 2]) / 2
        precision = 0.0
        for place in places:
            ranks = [i for i, other in enumerate(places, start=1) if other == place]
            precision += sum(ranks) / len(ranks) / place
        recalls = [sum(place <= cut for place in places) / len(places) for cut in CUTS]
        rows.append([sum(places) / len(places), middle, places[0], precision / len(places), *recalls])
    scores = retrieval(pairs, pair_positions, np.arange(12))
    assert tuple(scores) == MEASURES
    for index, name in enumerate(MEASURES):
        score = scores[name]
        assert score.value == pytest.approx(np.mean([row[index] for row in rows]))
        assert score.n == len(per_query)
        assert score.low <= score.value <= score.high


def test_scores_of_a_perfect_order_and_of_ties() -> None:
    pairs = np.array([[0, 1], [0, 2], [0, 3]])
    assert retrieval(pairs, np.array([2.0, 1, 3]), np.zeros(4, int))["mAP"].value == 1
    assert retrieval(pairs, np.array([2.0, 2, 2]), np.zeros(4, int))["mAP"].value == 1
    assert retrieval(pairs, np.array([1.0, 4, 6]), np.zeros(4, int))["mAP"].value == pytest.approx(
        (1 + 1 / 2 + 1 / 2) / 3
    )


def test_clusters_are_resampled_whole() -> None:
    """Only one of two clusters is found; if the 40 queries counted as independent, the interval would be narrow."""
    pairs = np.array([[2 * i + j, 2 * i + 1 - j] for i in range(20) for j in range(2)])
    pair_positions = np.where(pairs[:, 0] < 20, 1.0, 500.0)
    score = retrieval(pairs, pair_positions, (np.arange(40) >= 20).astype(int) + 3)["recall@20"]
    assert (score.value, score.low, score.high) == (0.5, 0, 1)
