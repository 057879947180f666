import numpy as np
import pytest

from artsim.layouts.placing import NEAREST, place


def _naive(vector: np.ndarray, fitted: np.ndarray, positions: np.ndarray) -> np.ndarray:
    distances = np.array([np.sqrt(((vector.astype(float) - other) ** 2).sum()) for other in fitted.astype(float)])
    if (distances == 0).any():
        return positions[np.argsort(distances, kind="stable")[:NEAREST]][np.sort(distances)[:NEAREST] == 0].mean(axis=0)
    nearest = np.argsort(distances, kind="stable")[:NEAREST]
    weights = [1 / distances[index] for index in nearest]
    return sum(weight * positions[index] for weight, index in zip(weights, nearest, strict=True)) / sum(weights)


@pytest.fixture
def fitted() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    return rng.normal(size=(80, 6)).astype(np.float32), rng.normal(size=(80, 2)).astype(np.float32)


def test_a_new_artwork_goes_to_the_weighted_mean_of_its_neighbors(fitted) -> None:
    vectors, positions = fitted
    new = np.random.default_rng(2).normal(size=(25, 6)).astype(np.float32)
    placed = place(new, vectors, positions, "euclidean")
    assert placed == pytest.approx(np.array([_naive(vector, vectors, positions) for vector in new]), abs=1e-5)


def test_a_position_does_not_depend_on_the_batch(fitted) -> None:
    vectors, positions = fitted
    new = np.random.default_rng(3).normal(size=(25, 6)).astype(np.float32)
    together = place(new, vectors, positions, "euclidean")
    assert (together == np.concatenate([place(vector[None], vectors, positions, "euclidean") for vector in new])).all()
    assert (together[::-1] == place(new[::-1], vectors, positions, "euclidean")).all()


def test_a_copy_goes_on_its_original(fitted) -> None:
    vectors, positions = fitted
    assert (place(vectors[[7]], vectors, positions, "euclidean") == positions[[7]]).all()
    vectors[9] = vectors[7]
    expected = positions[[7, 9]].mean(axis=0)
    assert place(vectors[[7]], vectors, positions, "euclidean")[0] == pytest.approx(expected)


def test_fewer_fitted_than_neighbors(fitted) -> None:
    vectors, positions = (rows[:2] for rows in fitted)
    placed = place(fitted[0][[5]], vectors, positions, "euclidean")[0]
    assert placed == pytest.approx(_naive(fitted[0][5], vectors, positions), abs=1e-5)
