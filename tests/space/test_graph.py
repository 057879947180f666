import numpy as np
import pytest

from artsim.metrics.distance import METRICS, distances
from artsim.space import graph
from artsim.space.graph import knn_graph, nearest_rows


def _naive(queries: np.ndarray, vectors: np.ndarray, k: int, metric: str, *, others: bool) -> list[list[int]]:
    table = distances(queries, vectors, metric)
    return [
        sorted((j for j in range(len(vectors)) if not (others and i == j)), key=lambda j: (table[i, j], j))[:k]
        for i in range(len(queries))
    ]


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graph, "_CHUNK", 70)


@pytest.mark.parametrize("metric", METRICS)
def test_the_graph_is_that_of_all_distances(metric: str) -> None:
    vectors = np.random.default_rng(1).random((90, 6)).astype(np.float32)
    indices, found = knn_graph(vectors, 7, metric)
    assert indices.tolist() == _naive(vectors, vectors, 7, metric, others=True)
    table = distances(vectors, vectors, metric)
    assert found == pytest.approx(np.take_along_axis(table, indices, axis=1), abs=1e-6)


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_vectors_far_from_the_origin_and_close_together(metric: str) -> None:
    vectors = (100 + 0.01 * np.random.default_rng(2).normal(size=(200, 8))).astype(np.float32)
    assert knn_graph(vectors, 5, metric)[0].tolist() == _naive(vectors, vectors, 5, metric, others=True)


def test_zero_vectors_have_no_direction() -> None:
    vectors = np.random.default_rng(3).normal(size=(60, 4)).astype(np.float32)
    vectors[[5, 17]] = 0
    indices, found = knn_graph(vectors, 59)
    assert found == pytest.approx(np.take_along_axis(distances(vectors, vectors), indices, axis=1), abs=1e-6)
    assert (np.diff(found) >= -1e-12).all()
    assert (found[5] == 1).all()
    assert indices[5].tolist() == [index for index in range(60) if index != 5]


def test_copies_are_ordered_by_row() -> None:
    vectors = np.repeat(np.random.default_rng(4).normal(size=(3, 4)), 4, axis=0).astype(np.float32)
    indices, found = knn_graph(vectors, 3)
    assert indices[:4].tolist() == [[1, 2, 3], [0, 2, 3], [0, 1, 3], [0, 1, 2]]
    assert not found.any()


@pytest.mark.parametrize("metric", ["cosine", "euclidean", "canberra"])
def test_an_answer_does_not_depend_on_the_other_queries(metric: str) -> None:
    rng = np.random.default_rng(5)
    vectors, queries = rng.normal(size=(150, 33)).astype(np.float32), rng.normal(size=(40, 33)).astype(np.float32)
    indices, found = nearest_rows(queries, vectors, 6, metric)
    assert indices.tolist() == _naive(queries, vectors, 6, metric, others=False)
    for number, query in enumerate(queries):
        alone = nearest_rows(query[None], vectors, 6, metric)
        assert (alone[0][0] == indices[number]).all()
        assert (alone[1][0] == found[number]).all()


def test_fewer_rows_than_neighbors() -> None:
    vectors = np.eye(3, dtype=np.float32)
    assert knn_graph(vectors, 10)[0].shape == (3, 2)
    assert knn_graph(vectors[:1], 10)[0].shape == (1, 0)
