from collections.abc import Iterator

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from artsim.archive import UserError
from artsim.space import search as module
from artsim.space.features import Block
from artsim.space.search import METRICS, Nearest, search


def _data(count: int, dimension: int = 6, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Returns shuffled ids, and vectors for which every metric is defined."""
    rng = np.random.default_rng(seed)
    ids = np.array([f"made:{number}" for number in rng.permutation(count)], dtype=object)
    return ids, rng.gamma(1.5, size=(count, dimension)).astype(np.float32)


def _blocks(ids: np.ndarray, vectors: np.ndarray, sizes: tuple[int, ...] = (1, 7, 2, 31)) -> Iterator[Block]:
    start = turn = 0
    while start < len(ids):
        stop = start + sizes[turn % len(sizes)]
        yield ids[start:stop], vectors[start:stop]
        start, turn = stop, turn + 1


def _naive(ids, vectors, queries, k, metric, farthest=False, but_not=None) -> list[list[tuple[str, float]]]:
    """Computes every distance in float64; sorts by distance, then by id. Undefined distances come last."""
    answers = []
    for index, row in enumerate(cdist(queries.astype(np.float64), vectors.astype(np.float64), metric)):
        pairs = []
        for name, distance in zip(ids, row, strict=True):
            if but_not is None or name != but_not[index]:
                worst = -np.inf if farthest else np.inf
                pairs.append((name, worst if np.isnan(distance) else distance))
        answers.append(sorted(pairs, key=lambda pair: (-pair[1] if farthest else pair[1], pair[0]))[:k])
    return answers


def _assert_same(found: Nearest, expected: list[list[tuple[str, float]]]) -> None:
    assert found.ids.tolist() == [[name for name, _ in row] for row in expected]
    np.testing.assert_allclose(
        found.distances, [[distance for _, distance in row] for row in expected], rtol=1e-12, atol=1e-15
    )


@pytest.fixture(params=[5, 64, 8192])
def chunk(request, monkeypatch) -> int:
    """Small chunk sizes, so that results are merged from many chunks, and the real one."""
    monkeypatch.setattr(module, "_CHUNK", request.param)
    return request.param


@pytest.mark.parametrize("farthest", [False, True])
@pytest.mark.parametrize("metric", METRICS)
def test_search_is_exact(metric: str, farthest: bool, chunk: int) -> None:
    ids, vectors = _data(200)
    queries = np.concatenate([vectors[:9], _data(5, seed=1)[1]])
    nearest = search(_blocks(ids, vectors), queries, 12, metric=metric, farthest=farthest)
    assert nearest.ids.shape == nearest.distances.shape == (14, 12)
    _assert_same(nearest, _naive(ids, vectors, queries, 12, metric, farthest))


@pytest.mark.parametrize("farthest", [False, True])
@pytest.mark.parametrize("metric", METRICS)
def test_ties_go_by_id(metric: str, farthest: bool, chunk: int) -> None:
    """A hundred ids share three vectors, so there are far more ties than results."""
    ids, vectors = _data(100)
    vectors = vectors[np.arange(100) % 3]
    nearest = search(_blocks(ids, vectors), vectors[:3], 10, metric=metric, farthest=farthest)
    _assert_same(nearest, _naive(ids, vectors, vectors[:3], 10, metric, farthest))


@pytest.mark.parametrize("metric", ["cosine", "euclidean", "sqeuclidean", "cityblock"])
@pytest.mark.parametrize("farthest", [False, True])
def test_vectors_far_from_the_origin_are_told_apart(metric: str, farthest: bool) -> None:
    """In float32, products of such vectors are mostly rounding error; the result must be exact."""
    ids, vectors = _data(300, 32)
    vectors = (vectors * 0.01 + 100).astype(np.float32)
    nearest = search(_blocks(ids, vectors), vectors[:20], 10, metric=metric, farthest=farthest)
    _assert_same(nearest, _naive(ids, vectors, vectors[:20], 10, metric, farthest))


def test_vectors_of_very_different_lengths() -> None:
    ids, vectors = _data(200, 16)
    vectors *= (10.0 ** np.linspace(-4, 4, 200))[:, None].astype(np.float32)
    for metric in ("cosine", "euclidean"):
        nearest = search(_blocks(ids, vectors), vectors[::10], 7, metric=metric)
        _assert_same(nearest, _naive(ids, vectors, vectors[::10], 7, metric))


@pytest.mark.parametrize("farthest", [False, True])
def test_each_query_leaves_its_own_id_out(farthest: bool, chunk: int) -> None:
    ids, vectors = _data(60)
    own = ids[:20].copy()
    own[3], own[4] = None, "stranger"
    nearest = search(_blocks(ids, vectors), vectors[:20], 8, farthest=farthest, but_not=own)
    assert nearest.ids.shape == (20, 8)
    _assert_same(nearest, _naive(ids, vectors, vectors[:20], 8, "cosine", farthest, own))


def test_a_copy_of_itself_stays(chunk: int) -> None:
    """``but_not`` excludes ids only: another artwork with the same vector is the nearest."""
    ids, vectors = _data(30)
    vectors[1:4] = vectors[0]
    nearest = search(_blocks(ids, vectors), vectors[:1], 3, metric="euclidean", but_not=ids[:1])
    assert nearest.ids.tolist() == [sorted(ids[1:4])]
    assert nearest.distances.tolist() == [[0.0, 0.0, 0.0]]


@pytest.mark.parametrize("k", [6, 7, 8, 500])
def test_fewer_vectors_than_wanted(k: int) -> None:
    ids, vectors = _data(7)
    _assert_same(search(_blocks(ids, vectors), vectors[:3], k), _naive(ids, vectors, vectors[:3], k, "cosine"))
    without = search(_blocks(ids, vectors), vectors[:3], k, but_not=ids[:3])
    assert without.ids.shape == (3, 6)
    _assert_same(without, _naive(ids, vectors, vectors[:3], k, "cosine", but_not=ids[:3]))


def test_one_vector_and_none() -> None:
    ids, vectors = _data(1)
    assert search([(ids, vectors)], vectors, 3).ids.tolist() == [[ids[0]]]
    assert search([(ids, vectors)], vectors, 3, but_not=ids).ids.shape == (1, 0)
    assert search([], vectors, 3).ids.shape == (1, 0)
    assert search([], vectors, 3, but_not=ids).distances.shape == (1, 0)


@pytest.mark.parametrize("farthest", [False, True])
def test_what_has_no_distance_comes_last(farthest: bool, chunk: int) -> None:
    """Zero vectors have no direction; even more than ``k`` of them displace no other result."""
    ids, vectors = _data(90)
    vectors[::2] = 0
    nearest = search(_blocks(ids, vectors), vectors[1:12:2], 20, farthest=farthest)
    _assert_same(nearest, _naive(ids, vectors, vectors[1:12:2], 20, "cosine", farthest))
    assert np.isfinite(nearest.distances).all()
    all_vectors = search(_blocks(ids, vectors), vectors[1:2], 90, farthest=farthest)
    assert np.isfinite(all_vectors.distances).tolist() == [[True] * 45 + [False] * 45]


@pytest.mark.parametrize("metric", ["jensenshannon", "correlation", "braycurtis"])
@pytest.mark.parametrize("farthest", [False, True])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_metrics_that_give_nan(metric: str, farthest: bool) -> None:
    ids, vectors = _data(60)
    vectors[::3] *= -1  # not probabilities
    vectors[1::9] = 2.0  # constant, so correlation is undefined
    vectors[2::9] = 0.0
    nearest = search(_blocks(ids, vectors), vectors[:9], 25, metric=metric, farthest=farthest)
    _assert_same(nearest, _naive(ids, vectors, vectors[:9], 25, metric, farthest))


@pytest.mark.parametrize("farthest", [False, True])
def test_a_query_without_distances_costs_the_others_nothing(farthest: bool) -> None:
    ids, vectors = _data(50)
    queries = np.concatenate([np.zeros((1, 6), np.float32), vectors[:4]])
    nearest = search(_blocks(ids, vectors), queries, 5, farthest=farthest)
    assert not np.isfinite(nearest.distances[0]).any()
    _assert_same(
        Nearest(nearest.ids[1:], nearest.distances[1:]), _naive(ids, vectors, vectors[:4], 5, "cosine", farthest)
    )


def test_the_way_the_blocks_are_cut_makes_no_difference(monkeypatch) -> None:
    ids, vectors = _data(150)
    vectors[50:100] = vectors[0]
    answers = []
    for size, sizes in ((8192, (150,)), (8192, (3, 5)), (10, (3, 5)), (1, (1,)), (64, (64, 1))):
        monkeypatch.setattr(module, "_CHUNK", size)
        nearest = search(_blocks(ids, vectors, sizes), vectors[::7], 9, metric="euclidean")
        answers.append((nearest.ids.tolist(), nearest.distances.tolist()))
    assert all(answer == answers[0] for answer in answers)


@pytest.mark.parametrize(
    ("k", "metric", "said"), [(0, "cosine", "`k` 0"), (-2, "cosine", "`k` -2"), (3, "l3", "`metric` l3")]
)
def test_questions_that_cannot_be_asked(k: int, metric: str, said: str) -> None:
    ids, vectors = _data(5)
    with pytest.raises(UserError, match=said):
        search([(ids, vectors)], vectors, k, metric=metric)


@pytest.mark.parametrize("metric", ["euclidean", "sqeuclidean", "cityblock", "cosine"])
def test_a_vector_that_is_no_number_hides_no_other(metric: str) -> None:
    vectors = np.array([[1, 0], [0, 1], [np.nan, np.nan], [1, 1]], np.float32)
    names = np.array(["a", "b", "nan", "d"], dtype=object)
    nearest = search([(names, vectors)], vectors[:1], 2, metric=metric, but_not=names[:1])
    assert nearest.ids.tolist() == [["d", "b"]]
