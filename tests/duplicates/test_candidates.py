from collections.abc import Iterator

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from artsim.duplicates import candidates
from artsim.duplicates.candidates import by_hash, by_vectors


def _pairs(rows: np.ndarray, vectors: np.ndarray, k: int, most: float) -> set[tuple[int, int]]:
    distances = cdist(vectors.astype(float), vectors.astype(float), "cosine")
    np.fill_diagonal(distances, np.inf)
    near = {(i, int(j)) for i in range(len(rows)) for j in np.argsort(distances[i])[:k] if distances[i, j] <= most}
    return {(min(rows[i], rows[j]), max(rows[i], rows[j])) for i, j in near}


@pytest.mark.parametrize("chunk", [5, 64, 1000])
@pytest.mark.parametrize("k", [1, 4, 200])
def test_nearest_vectors_do_not_depend_on_the_chunks(chunk: int, k: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(candidates, "_CHUNK", chunk)
    rng = np.random.default_rng(2)
    vectors = rng.normal(size=(90, 6)).astype(np.float32)
    rows = rng.permutation(120)[:90]
    rows[7] = -1  # an id that the images do not have

    def blocks() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for start in range(0, 90, 16):
            yield rows[start : start + 16], vectors[start : start + 16]

    found = by_vectors(blocks, lambda ids: ids, 120, k, 0.5)
    kept = rows >= 0
    assert {*map(tuple, found.tolist())} == _pairs(rows[kept], vectors[kept], k, 0.5)
    assert len(np.unique(found, axis=0)) == len(found)


def test_no_vectors() -> None:
    assert by_vectors(lambda: iter([]), lambda ids: ids, 5, 3, 1.0).shape == (0, 2)


def test_equal_hashes_are_compared_with_few_others() -> None:
    hashes = np.array([7, 1 << 40, 7, 7, 7, 7, 7, 7, 6], np.uint64)
    pairs = {*map(tuple, by_hash(hashes, 2).tolist())}
    sevens = [0, 2, 3, 4, 5, 6, 7]
    expected = {(sevens[i], sevens[j]) for i in range(7) for j in range(i + 1, min(i + 5, 7))}
    assert pairs == {*expected, (0, 8)}


def test_no_hashes() -> None:
    assert by_hash(np.empty(0, np.uint64), 6).shape == (0, 2)
