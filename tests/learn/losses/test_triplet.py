import numpy as np
import pytest
import torch
from pytorch_metric_learning.distances import LpDistance
from pytorch_metric_learning.losses import TripletMarginLoss
from pytorch_metric_learning.reducers import MeanReducer

from artsim.learn.losses import compound_triplet
from tests.learn.losses import loops


def naive(anchor, positive, negatives, margin, intra_margin, swap, kind):
    terms = []
    for a, p, many in zip(anchor, positive, negatives, strict=True):
        near = loops.distance(a, p, kind)
        for n in many:
            far = loops.distance(a, n, kind)
            if swap and loops.distance(p, n, kind) < far:
                far = loops.distance(p, n, kind)
            inner = 0.0 if intra_margin is None or near < intra_margin else near - intra_margin
            terms.append(max(0.0, margin + near - far + inner))
    return terms


@pytest.mark.parametrize("kind", ["cosine", "euclidean"])
@pytest.mark.parametrize("swap", [False, True])
@pytest.mark.parametrize("intra_margin", [None, 0.5, 0.9])
def test_loss_matches_the_formula_term_by_term(kind, swap, intra_margin):
    embeddings = loops.embeddings(b=9, k=7, d=5)
    settings = {"margin": 0.1, "intra_margin": intra_margin, "swap": swap, "distance": kind}
    terms = naive(*embeddings, 0.1, intra_margin, swap, kind)
    assert 0 < sum(term == 0 for term in terms) < len(terms), "both sides of the hinge are met"
    assert compound_triplet(*embeddings, **settings, reduction="sum").item() == pytest.approx(sum(terms), abs=1e-4)
    assert compound_triplet(*embeddings, **settings).item() == pytest.approx(np.mean(terms), abs=1e-5)


@pytest.mark.parametrize("kind", ["cosine", "euclidean"])
@pytest.mark.parametrize("swap", [False, True])
@pytest.mark.parametrize("intra_margin", [None, 0.7])
def test_gradient_matches_finite_differences(kind, swap, intra_margin):
    def loss(*embeddings):
        return compound_triplet(*embeddings, margin=0.4, intra_margin=intra_margin, swap=swap, distance=kind)

    assert torch.autograd.gradcheck(loss, loops.embeddings(b=4, k=3, d=4, seed=1))


def test_the_inner_term_is_nested():
    """m + d+ - d- = -1 and d+ - m2 = 0.5: max(0, -1 + 0.5) is 0, while a sum of two hinges would be 0.5."""
    anchor, positive = torch.zeros(1, 2, dtype=torch.float64), torch.tensor([[1.0, 0.0]], dtype=torch.float64)
    negatives = torch.tensor([[[0.0, 2.5]]], dtype=torch.float64)  # d+ 1, d- 2.5
    settings = {"margin": 0.5, "intra_margin": 0.5, "distance": "euclidean"}
    assert compound_triplet(anchor, positive, negatives, **settings).item() == 0
    near = torch.tensor([[[0.0, 1.75]]], dtype=torch.float64)  # m + d+ - d- = -0.25: the inner term makes it positive
    assert compound_triplet(anchor, positive, near, **settings).item() == pytest.approx(0.25, abs=1e-5)


def test_the_swap_takes_the_nearer_of_anchor_and_positive():
    anchor, positive = torch.tensor([[0.0, 0.0]]), torch.tensor([[2.0, 0.0]])
    negatives = torch.tensor([[[3.0, 0.0]]])  # 3 from the anchor, 1 from the positive
    settings = {"margin": 1.0, "distance": "euclidean"}
    assert compound_triplet(anchor, positive, negatives, **settings).item() == pytest.approx(0, abs=1e-5)
    assert compound_triplet(anchor, positive, negatives, **settings, swap=True).item() == pytest.approx(2, abs=1e-5)


@pytest.mark.parametrize("swap", [False, True])
def test_pytorch_metric_learning_agrees_without_the_inner_term(swap):
    anchor, positive, negatives = loops.embeddings(b=6, k=4, d=5, seed=2)
    rows = torch.cat([anchor, positive, negatives.flatten(0, 1)])
    triplets = [(i, 6 + i, 12 + 4 * i + j) for i in range(6) for j in range(4)]
    measure = LpDistance(normalize_embeddings=False)
    peer = TripletMarginLoss(margin=0.6, swap=swap, distance=measure, reducer=MeanReducer())
    expected = peer(rows, indices_tuple=tuple(torch.tensor(triplets).T))
    ours = compound_triplet(anchor, positive, negatives, margin=0.6, swap=swap, distance="euclidean")
    assert ours.item() == pytest.approx(expected.item(), abs=1e-5)
    ours.backward()
    ours_slope, anchor.grad = anchor.grad.clone(), None
    expected.backward()
    torch.testing.assert_close(ours_slope, anchor.grad, atol=1e-4, rtol=1e-4)


def test_the_plain_cosine_triplet_is_a_special_case():
    """The museum project's loss: one negative, cosine distance, margin 0.2, neither swap nor inner term."""
    anchor, positive, negatives = loops.embeddings(b=8, k=1, d=6, seed=3)
    plain = torch.nn.TripletMarginWithDistanceLoss(
        distance_function=lambda a, b: 1 - torch.nn.functional.cosine_similarity(a, b), margin=0.2
    )
    expected = plain(anchor, positive, negatives[:, 0]).item()
    assert compound_triplet(anchor, positive, negatives, margin=0.2).item() == pytest.approx(expected)


def test_equal_images_give_no_nan():
    same = torch.ones(2, 3, requires_grad=True)
    for kind in ("cosine", "euclidean"):
        loss = compound_triplet(same, same, torch.ones(2, 7, 3), margin=0.1, intra_margin=0.0, distance=kind)
        loss.backward()
        assert loss.item() == pytest.approx(0.1, abs=1e-5)
        assert torch.isfinite(same.grad).all()
