"""The rule by which new artworks join clusters, against loops over single distances."""

import numpy as np
import pytest

from artsim.clusters.assign import NEIGHBORS, assign


def _naive(new: np.ndarray, vectors: np.ndarray, labels: np.ndarray) -> list[int]:
    def distance(a: np.ndarray, b: np.ndarray) -> float:
        return float(np.sqrt(((a.astype(float) - b) ** 2).sum()))

    chosen = []
    for vector in new:
        best, found = np.inf, -1
        for cluster in range(labels.max() + 1):
            members = [vectors[row] for row in np.flatnonzero(labels == cluster)]
            if len(members) < 2:
                continue
            core = [
                sorted(distance(a, b) for j, b in enumerate(members) if j != i)[min(NEIGHBORS, len(members) - 1) - 1]
                for i, a in enumerate(members)
            ]
            radius = max(
                min(max(core[i], core[j], distance(a, b)) for j, b in enumerate(members) if j != i)
                for i, a in enumerate(members)
            )
            own = sorted(distance(vector, member) for member in members)[min(NEIGHBORS, len(members)) - 1]
            reach = min(max(own, core[j], distance(vector, b)) for j, b in enumerate(members))
            if reach < best:
                best, found = reach, cluster if reach <= radius * (1 + 1e-6) else -1
        chosen.append(found)
    return chosen


@pytest.mark.parametrize("seed", range(4))
def test_new_vectors_join_the_cluster_that_a_loop_finds(seed: int) -> None:
    rng = np.random.default_rng(seed)
    vectors = (rng.normal(size=(70, 3)) + 3 * rng.integers(0, 3, (70, 1))).astype(np.float32)
    labels = rng.integers(-1, 4, 70).astype(np.int32)
    labels[labels == 3] = np.where(np.arange((labels == 3).sum()) < 2, 3, -1)  # a cluster of two
    new = (rng.normal(size=(40, 3)) * 3 + 3).astype(np.float32)
    expected = _naive(new, vectors, labels)
    assert assign(new, vectors, labels).tolist() == expected
    assert len(set(expected)) > 2


def test_a_vector_beside_a_dense_cluster_does_not_join_a_loose_one_behind_it() -> None:
    dense = np.linspace(0, 0.5, 11)[:, None]
    loose = np.array([[10.0], [14.0], [18.0], [22.0], [26.0], [30.0]])
    vectors = np.concatenate([dense, loose]).astype(np.float32)
    labels = np.repeat([0, 1], [11, 6])
    assert assign(np.array([[2.0]], np.float32), vectors, labels).tolist() == [-1]
    assert assign(np.array([[9.0]], np.float32), vectors, labels).tolist() == [-1]
    assert assign(np.array([[20.0]], np.float32), vectors, labels).tolist() == [1]


def test_an_artwork_does_not_depend_on_those_that_come_with_it() -> None:
    rng = np.random.default_rng(1)
    vectors, labels = rng.normal(size=(50, 3)).astype(np.float32), rng.integers(-1, 3, 50)
    new = rng.normal(size=(20, 3)).astype(np.float32)
    together = assign(new, vectors, labels)
    assert [int(assign(vector[None], vectors, labels)[0]) for vector in new] == together.tolist()


def test_far_vectors_are_noise_and_members_are_within_the_radius() -> None:
    rng = np.random.default_rng(2)
    vectors = np.concatenate([rng.normal(size=(30, 3)), rng.normal(size=(30, 3)) + 30]).astype(np.float32)
    labels = np.repeat([0, 1], 30)
    assert assign(vectors, vectors, labels).tolist() == labels.tolist()
    assert assign(np.full((1, 3), 15, np.float32), vectors, labels).tolist() == [-1]
    assert assign(vectors[:2], vectors, np.full(60, -1)).tolist() == [-1, -1]
