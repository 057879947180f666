import math

import numpy as np
import pytest
import torch

from artsim.encoders.discriminant import discriminant
from artsim.encoders.heads import Head, embed
from artsim.learn.recipe import Recipe

_VECTORS = torch.tensor(
    np.random.default_rng(3).normal(size=(40, 7)) * [9, 7, 5, 3, 2, 1, 0.5] + 4, dtype=torch.float32
)


_JUDGED = np.array([np.random.default_rng(seed).choice(40, 9, replace=False) for seed in range(30)])


def _head(**recipe: object) -> Head:
    torch.manual_seed(1)
    how = Recipe(**{"head": "residual", "hidden": 5, "dropout": 0.0, **recipe})
    head = Head(7, how)
    head.fit(_VECTORS, np.arange(40)[None], None, how)
    return head


def _standardized(row: list[float]) -> list[float]:
    out = []
    for place, value in enumerate(row):
        column = [float(x) for x in _VECTORS[:, place]]
        mean = sum(column) / len(column)
        deviation = math.sqrt(sum((x - mean) ** 2 for x in column) / len(column))
        out.append((value - mean) / deviation)
    return out


def _times(matrix: torch.Tensor, x: list[float]) -> list[float]:
    return [sum(w * value for w, value in zip(row, x, strict=True)) for row in matrix.tolist()]


def test_the_residual_head_matches_its_formula() -> None:
    head = _head(head="residual")
    w1, w2 = head.transform[1].inner.weight, head.transform[1].outer.weight
    for row, output in zip(_VECTORS.tolist(), head(_VECTORS).tolist(), strict=True):
        x = _standardized(row)
        hidden = [max(value, 0.0) for value in _times(w1, x)]
        expected = [0.5 * value + math.tanh(update) for value, update in zip(x, _times(w2, hidden), strict=True)]
        assert output == pytest.approx(expected, abs=1e-5)


def test_the_linear_head_matches_its_formula() -> None:
    head = _head(head="linear")
    for row, output in zip(_VECTORS.tolist(), head(_VECTORS).tolist(), strict=True):
        assert output == pytest.approx(_times(head.transform[1].weight, _standardized(row)), abs=1e-5)


def test_the_mlp_matches_its_formula() -> None:
    head = _head(head="mlp")
    (w1, b1), (w2, b2) = ((layer.weight, layer.bias.tolist()) for layer in (head.transform[1][0], head.transform[1][2]))
    for row, output in zip(_VECTORS.tolist(), head(_VECTORS).tolist(), strict=True):
        hidden = [max(value + b, 0.0) for value, b in zip(_times(w1, _standardized(row)), b1, strict=True)]
        expected = [value + b for value, b in zip(_times(w2, hidden), b2, strict=True)]
        assert output == pytest.approx(expected, abs=1e-5)


def test_the_discriminant_starts_from_the_projection() -> None:
    recipe = Recipe(head="discriminant", hidden=5, dropout=0.0, shrinkage=0.4)
    head = Head(7, recipe)
    head.fit(_VECTORS, _JUDGED, None, recipe)
    seen = _VECTORS[np.unique(_JUDGED)].double().numpy()
    weights = discriminant(_VECTORS.numpy(), _JUDGED, np.cov(seen.T, bias=True), 5, 0.4)
    begins = (_VECTORS.double().numpy() - seen.mean(0)) @ weights
    ratio = head(_VECTORS).detach().numpy() / begins
    np.testing.assert_allclose(ratio, ratio[0, 0], rtol=1e-3)
    lengths = np.linalg.norm(head(_VECTORS[np.unique(_JUDGED)]).detach().numpy(), axis=1)
    assert lengths.mean() == pytest.approx(5**0.5, rel=1e-4)
    inner, outer = head.transform[1].inner, head.transform[1].outer
    torch.nn.init.normal_(outer.weight)
    for row, output in zip(head.prepared(_VECTORS).tolist(), head(_VECTORS).tolist(), strict=True):
        hidden = [max(value + b, 0.0) for value, b in zip(_times(inner.weight, row), inner.bias.tolist(), strict=True)]
        expected = [value + math.tanh(update) for value, update in zip(row, _times(outer.weight, hidden), strict=True)]
        assert output == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize(("kind", "length"), [("discriminant", 5), ("residual", 7), ("linear", 5), ("mlp", 5)])
def test_a_saved_head_is_the_same_head(kind: str, length: int) -> None:
    """The fitted tensors are saved with the trained ones."""
    head = _head(head=kind) if kind != "discriminant" else Head(7, Recipe(hidden=5, dropout=0.0))
    if kind == "discriminant":
        head.fit(_VECTORS, _JUDGED, None, Recipe(hidden=5))
    other = Head(7, Recipe(head=kind, hidden=5, dropout=0.0))
    assert not torch.allclose(other(_VECTORS), head(_VECTORS))
    other.load_state_dict(head.state_dict())
    assert torch.equal(other(_VECTORS), head(_VECTORS))
    assert embed(other, _VECTORS).shape == (40, length)


def test_a_constant_dimension_is_ignored() -> None:
    vectors = _VECTORS.clone()
    vectors[:, 2] = 3.0
    head = _head()
    head.standardize_by(vectors)
    new = vectors.clone()
    new[:, 2] = 1e6
    assert torch.equal(head.prepared(new)[:, 2], torch.zeros(40))
    assert torch.isfinite(head(new)).all()


def test_dropout_applies_only_in_training() -> None:
    head = _head(dropout=0.5)
    assert not torch.equal(head(_VECTORS), head(_VECTORS))
    first = embed(head, _VECTORS)
    assert head.training
    np.testing.assert_array_equal(first, embed(head, _VECTORS))
    plain = _head(dropout=0.0)
    plain.load_state_dict(head.state_dict())
    np.testing.assert_allclose(first, embed(plain, _VECTORS), rtol=1e-5, atol=1e-6)


def test_embedding_in_batches_equals_embedding_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    head = _head()
    whole = embed(head, _VECTORS)
    monkeypatch.setattr("artsim.encoders.heads._ROWS", 7)
    np.testing.assert_allclose(embed(head, _VECTORS), whole, rtol=1e-5, atol=1e-6)
    assert embed(head, _VECTORS[:0]).shape == (0, 7)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_dropout_zeroes_a_share_and_keeps_the_mean(share: float) -> None:
    head = Head(300, Recipe(head="residual", hidden=2, dropout=share))
    head.train()
    thinned = head.transform[0](torch.full((400, 300), 2.0))
    assert np.unique(thinned.numpy()) == pytest.approx([0, 2 / (1 - share)], rel=1e-3)
    assert float((thinned == 0).float().mean()) == pytest.approx(share, abs=0.01)
    assert float(thinned.mean()) == pytest.approx(2.0, rel=0.05)
    assert not torch.equal(thinned[0] == 0, thinned[1] == 0)
    torch.manual_seed(3)
    first = head.transform[0](torch.ones(4, 300))
    torch.manual_seed(3)
    assert torch.equal(head.transform[0](torch.ones(4, 300)), first)
