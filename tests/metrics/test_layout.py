import numpy as np
import pytest
from sklearn.manifold import trustworthiness as reference

from artsim.metrics.layout import knn_recall, trustworthiness


@pytest.fixture
def vectors() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(60, 5))


def test_a_copy_of_the_vectors_is_perfect(vectors: np.ndarray) -> None:
    assert trustworthiness(vectors, vectors, metric="euclidean") == 1
    assert knn_recall(vectors, vectors, metric="euclidean") == 1


def test_trustworthiness_by_its_definition(vectors: np.ndarray) -> None:
    positions, n, k = vectors[:, :2], 60, 7
    table = [[np.linalg.norm(a - b) for b in vectors] for a in vectors]
    penalty = 0
    for i in range(n):
        others = sorted((j for j in range(n) if j != i), key=lambda j: table[i][j])
        shown = sorted((j for j in range(n) if j != i), key=lambda j: np.linalg.norm(positions[i] - positions[j]))[:k]
        penalty += sum(others.index(j) + 1 - k for j in shown if j not in others[:k])
    expected = 1 - 2 / (n * k * (2 * n - 3 * k - 1)) * penalty
    assert trustworthiness(vectors, positions, k, "euclidean") == pytest.approx(expected)
    assert reference(vectors, positions, n_neighbors=k, metric="cosine") == pytest.approx(
        trustworthiness(vectors, positions, k)
    )


def test_recall_by_its_definition(vectors: np.ndarray) -> None:
    positions = vectors[:, :2]
    shares = []
    for i in range(60):
        others = [j for j in range(60) if j != i]
        cosines = [
            1 - vectors[i] @ vectors[j] / np.linalg.norm(vectors[i]) / np.linalg.norm(vectors[j]) for j in others
        ]
        near = {others[j] for j in np.argsort(cosines)[:10]}
        shown = {others[j] for j in np.argsort([np.linalg.norm(positions[i] - positions[j]) for j in others])[:10]}
        shares.append(len(near & shown) / 10)
    assert knn_recall(vectors, positions) == pytest.approx(np.mean(shares))


def test_recall_of_fewer_artworks_than_neighbors() -> None:
    assert knn_recall(np.eye(4), np.eye(4)[:, :2]) == 1


def test_undefined_distances_are_beyond_all_others() -> None:
    """A constant vector has no correlation with any other; the scores leave it at the end of all rankings."""
    vectors = np.random.default_rng(0).normal(size=(30, 5))
    vectors[7] = 1.0
    positions = vectors[:, :2].copy()
    for score in (trustworthiness, knn_recall):
        assert 0 <= score(vectors, positions, 5, "correlation") <= 1
