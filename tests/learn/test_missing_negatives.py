"""Annotations with missing negatives (-1): losses, training and ranks use only the negatives present."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from artsim.learn.heads.trainer import HeadTrainer
from artsim.learn.losses import make_loss
from artsim.learn.recipe import Recipe
from artsim.metrics.meanrank import ranks

_RECIPES = [
    Recipe(loss="listwise"),
    Recipe(loss="triplet", margin=0.5, intra_margin=0.1),
    Recipe(loss="triplet", margin=0.5, swap=True, distance="euclidean", reduction="sum"),
    Recipe(loss="contrastive", margin=0.8, intra_margin=0.1),
]
_JUDGED = np.array([[0, 1, 2, -1, 4, -1, 6, 7, 8], [3, 5, -1, -1, -1, -1, -1, -1, 9]])


def _rows(count: int, dimension: int = 6) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(4).normal(size=(count, dimension)).astype(np.float32))


@pytest.mark.parametrize("recipe", _RECIPES, ids=lambda recipe: f"{recipe.loss}-{recipe.reduction}")
def test_a_missing_negative_does_not_affect_the_loss(recipe: Recipe) -> None:
    """The loss of two annotations, the second without four negatives, is the sum of their separate losses."""
    vectors = _rows(18)
    anchor, positive, negatives = vectors[[0, 9]], vectors[[1, 10]], torch.stack([vectors[2:9], vectors[11:18]])
    present = torch.ones(2, 7, dtype=torch.bool)
    present[1, 3:] = False
    loss = make_loss(replace(recipe, reduction="sum"))
    whole = loss(anchor, positive, negatives, present=present)
    alone = loss(anchor[:1], positive[:1], negatives[:1]) + loss(anchor[1:], positive[1:], negatives[1:, :3])
    torch.testing.assert_close(whole, alone)
    terms = {"listwise": 2, "triplet": 7 + 3, "contrastive": 8 + 4}[recipe.loss]
    mean = make_loss(replace(recipe, reduction="mean"))(anchor, positive, negatives, present=present)
    torch.testing.assert_close(mean, whole / terms)


@pytest.mark.parametrize("recipe", _RECIPES, ids=lambda recipe: f"{recipe.loss}-{recipe.reduction}")
def test_a_step_ignores_missing_negatives(recipe: Recipe) -> None:
    """The loss of a training step equals the naive loss of the negatives present; all tensors stay finite."""
    recipe = replace(recipe, head="linear", hidden=4, dropout=0.0, batch=2, weight_decay=0.0)
    vectors = _rows(10).numpy()
    trainer = HeadTrainer(vectors, _JUDGED, np.empty((0, 9), np.int64), recipe)
    embedding = trainer.head(torch.from_numpy(vectors))
    expected = _naive_loss(embedding, recipe)
    assert trainer.train_epoch(0)["loss"] == pytest.approx(float(expected), rel=1e-4)
    assert all(torch.isfinite(tensor).all() for tensor in trainer.tensors().values())


def _naive_loss(embedding: torch.Tensor, recipe: Recipe) -> torch.Tensor:
    def away(first: int, second: int) -> torch.Tensor:
        a, b = embedding[first], embedding[second]
        if recipe.distance == "euclidean":
            return (a - b).norm()
        return 1 - torch.nn.functional.cosine_similarity(a, b, dim=0)

    terms = []
    for anchor, positive, *negatives in _JUDGED.tolist():
        near = away(anchor, positive)
        far = [away(anchor, negative) for negative in negatives if negative >= 0]
        if recipe.swap:
            present = [negative for negative in negatives if negative >= 0]
            far = [torch.minimum(d, away(positive, negative)) for d, negative in zip(far, present, strict=True)]
        if recipe.loss == "listwise":
            terms.append(-torch.log_softmax(-torch.stack([near, *far]) / recipe.temperature, 0)[0])
        elif recipe.loss == "triplet":
            inner = torch.relu(near - recipe.intra_margin) if recipe.intra_margin is not None else 0.0
            terms += [torch.relu(recipe.margin + near - d + inner) for d in far]
        else:
            terms += [torch.relu(near - (recipe.intra_margin or 0.0)), *(torch.relu(recipe.margin - d) for d in far)]
    total = torch.stack(terms)
    return total.sum() if recipe.reduction == "sum" else total.mean()


@pytest.mark.parametrize("head", ["residual", "discriminant"])
def test_fitting_ignores_missing_negatives(head: str) -> None:
    vectors = _rows(10).numpy()
    recipe = Recipe(head=head, hidden=4)
    original = HeadTrainer(vectors, _JUDGED, np.empty((0, 9), np.int64), recipe)
    changed = vectors.copy()
    changed[-1] = 1e3  # index -1 would read row 9; ``judged`` has 8 in its place
    judged = np.where(_JUDGED == 9, 8, _JUDGED)
    clean, other = (HeadTrainer(inputs, judged, np.empty((0, 9), np.int64), recipe) for inputs in (vectors, changed))
    torch.testing.assert_close(clean.head.mean, other.head.mean)
    torch.testing.assert_close(clean.head.scale, other.head.scale)
    assert original.head.mean.shape == clean.head.mean.shape


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_a_missing_negative_never_ranks_before_the_positive(metric: str) -> None:
    vectors = _rows(10).numpy().copy()
    vectors[9] = vectors[0]  # index -1 would read row 9, which equals the first anchor
    judged = np.where(_JUDGED == 9, 8, _JUDGED)
    expected = []
    for row in judged.tolist():
        kept = np.array([[image for image in row if image >= 0]])
        expected.append(ranks(vectors, kept, metric)[0])
    assert ranks(vectors, judged, metric).tolist() == expected
    broken = vectors.copy()
    broken[[1, 5]] = np.nan  # the positives
    assert ranks(broken, judged, metric).tolist() == [6, 2], "the last of what is there"
    vectors[:] = 1.0
    assert ranks(vectors, judged, metric).tolist() == [3.5, 1.5], "all at one point: ties of what is there"
