import math

import numpy as np
import pytest
import torch

from artsim.learn.heads.pair_distances import pair_distances

_RNG = np.random.default_rng(6)
_ROWS = _RNG.normal(size=(20, 7))
_PAIRS = np.concatenate([_RNG.integers(0, 20, (60, 2)), [[3, 5], [3, 5], [5, 3]]])
_APART = _PAIRS[_PAIRS[:, 0] != _PAIRS[:, 1]]


def _naive(first: list[float], second: list[float], kind: str) -> float:
    if kind == "euclidean":
        return math.sqrt(sum((a - b) ** 2 for a, b in zip(first, second, strict=True)))
    dot = sum(a * b for a, b in zip(first, second, strict=True))
    return 1 - dot / math.sqrt(sum(a * a for a in first) * sum(b * b for b in second))


@pytest.mark.parametrize("kind", ["cosine", "euclidean"])
def test_the_distance_of_each_pair(kind: str) -> None:
    """Pairs may repeat, in either order, and the distance of an image from itself is 0."""
    distances = pair_distances(torch.tensor(_ROWS, dtype=torch.float32), _PAIRS, kind)
    expected = [_naive(_ROWS[first].tolist(), _ROWS[second].tolist(), kind) for first, second in _PAIRS]
    assert distances.tolist() == pytest.approx(expected, abs=2e-3 if kind == "euclidean" else 1e-6)


@pytest.mark.parametrize("kind", ["cosine", "euclidean"])
def test_gradients(kind: str) -> None:
    rows = torch.tensor(_ROWS, dtype=torch.float32, requires_grad=True)
    weights = torch.tensor(_RNG.normal(size=len(_APART)), dtype=torch.float32)
    (pair_distances(rows, _APART, kind) * weights).sum().backward()
    plain = torch.tensor(_ROWS, requires_grad=True)
    for (first, second), weight in zip(_APART, weights.double(), strict=True):
        if kind == "euclidean":
            distance = (plain[first] - plain[second]).norm()
        else:
            distance = 1 - torch.nn.functional.cosine_similarity(plain[first], plain[second], dim=0)
        (distance * weight).backward()
    torch.testing.assert_close(rows.grad, plain.grad.float(), rtol=1e-3, atol=1e-5)


def test_a_pair_of_equal_images_has_no_gradient() -> None:
    rows = torch.ones((3, 4), requires_grad=True)
    pair_distances(rows, np.array([[0, 1], [1, 1]]), "euclidean").sum().backward()
    assert torch.equal(rows.grad, torch.zeros(3, 4))
