import numpy as np
import pytest

from artsim.encoders.discriminant import discriminant, mean_and_covariance


def _case(seed=0, images=60, dimension=7):
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(images, dimension)) * rng.uniform(0.2, 3, dimension)
    judged = np.array([rng.choice(images, 9, replace=False) for _ in range(80)])
    return vectors, judged, np.cov(vectors.T, bias=True)


@pytest.mark.parametrize("shrinkage", [0.1, 0.5, 1.0])
def test_discriminant_matches_numpy_eigenvectors(shrinkage):
    vectors, judged, total = _case()
    within = np.zeros_like(total)
    for anchor, positive, *_ in judged:
        difference = vectors[anchor] - vectors[positive]
        within += np.outer(difference, difference) / 2 / len(judged)
    within = (1 - shrinkage) * within + shrinkage * np.mean(np.diag(within)) * np.eye(len(within))
    values, directions = np.linalg.eig(np.linalg.inv(within) @ total)
    for place, column in zip(
        np.argsort(-values.real)[:3], discriminant(vectors, judged, total, 3, shrinkage).T, strict=True
    ):
        direction = directions[:, place].real
        direction *= np.sqrt(values[place].real / (direction @ within @ direction))
        assert np.allclose(np.abs(column), np.abs(direction))


def test_within_pair_directions_are_weakened_and_between_pair_ones_kept():
    rng = np.random.default_rng(1)
    group = np.repeat(np.arange(10), 20)
    vectors = np.stack([group + 0.01 * rng.normal(size=200), 5 * rng.normal(size=200)], axis=1)
    pairs = np.array([rng.choice(np.flatnonzero(group == g), 2, replace=False) for g in group])
    weight = discriminant(vectors, pairs, np.cov(vectors.T), 1, 0.001)[:, 0]
    assert abs(weight[0]) > 20 * abs(weight[1])


def test_dimensions_are_limited_to_those_of_the_vectors():
    vectors, judged, total = _case()
    assert discriminant(vectors, judged, total, 50, 0.5).shape == (7, 7)


def test_one_component_is_enough():
    vectors, judged, _ = _case(dimension=1)
    weight = discriminant(vectors, judged, np.atleast_2d(np.cov(vectors.T)), 5, 0.5)
    assert weight.shape == (1, 1)
    assert np.isfinite(weight).all()
    assert weight[0, 0] != 0


def test_mean_and_covariance_match_numpy():
    vectors = _case()[0].astype(np.float32)
    mean, covariance = mean_and_covariance(vectors)
    assert np.allclose(mean, sum(vectors) / len(vectors), atol=1e-6)
    plain = sum(np.outer(row - mean, row - mean) for row in vectors.astype(np.float64)) / len(vectors)
    assert np.allclose(covariance, plain, atol=1e-6)
