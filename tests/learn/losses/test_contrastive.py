import numpy as np
import pytest
import torch
from pytorch_metric_learning.distances import CosineSimilarity
from pytorch_metric_learning.losses import ContrastiveLoss
from pytorch_metric_learning.reducers import MeanReducer

from artsim.learn.losses import contrastive, contrastive_candidates
from tests.learn.losses import loops


def links(p=12, d=5):
    a, b, _ = loops.embeddings(b=p, k=1, d=d, seed=4)
    return a, b, torch.tensor([i % 3 == 0 for i in range(p)])


@pytest.mark.parametrize("kind", ["cosine", "euclidean"])
@pytest.mark.parametrize("intra_margin", [None, 0.6])
def test_loss_matches_the_formula_pair_by_pair(kind, intra_margin):
    a, b, positive = links()
    terms = []
    for first, second, same in zip(a, b, positive.tolist(), strict=True):
        d = loops.distance(first, second, kind)
        terms.append(max(0.0, d - (intra_margin or 0.0)) if same else max(0.0, 1.1 - d))
    settings = {"margin": 1.1, "intra_margin": intra_margin, "distance": kind}
    assert contrastive(a, b, positive, **settings).item() == pytest.approx(np.mean(terms), abs=1e-5)
    assert contrastive(a, b, positive, **settings, reduction="sum").item() == pytest.approx(sum(terms), abs=1e-4)


def test_gradient_matches_finite_differences():
    a, b, positive = links()
    assert torch.autograd.gradcheck(lambda x, y: contrastive(x, y, positive, margin=1.1, intra_margin=0.2), (a, b))


def test_pytorch_metric_learning_s_own_pass_agrees():
    """The library computes all distances, with similarities as margins; its means are weighted by pair counts."""
    a, b, positive = links()
    rows, near, far = torch.arange(len(a)), positive.nonzero()[:, 0], (~positive).nonzero()[:, 0]
    expected = 0.0
    for chosen, kind in ((near, "pos"), (far, "neg")):
        none = rows[:0]
        pairs = (chosen, chosen, none, none) if kind == "pos" else (none, none, chosen, chosen)
        peer = ContrastiveLoss(pos_margin=0.8, neg_margin=0.1, distance=CosineSimilarity(), reducer=MeanReducer())
        expected += peer(a, indices_tuple=pairs, ref_emb=b).item() * len(chosen) / len(a)
    assert contrastive(a, b, positive, margin=0.9, intra_margin=0.2).item() == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("value", [True, False])
def test_links_of_a_single_verdict_are_accepted(value):
    a, b, _ = links()
    assert contrastive(a, b, torch.full((len(a),), value), margin=0.5).item() > 0


def test_an_annotation_gives_one_positive_pair_and_a_pair_per_negative():
    anchor, positive, negatives = loops.embeddings(b=3, k=7, d=5)
    terms = []
    for a, p, many in zip(anchor, positive, negatives, strict=True):
        terms += [loops.distance(a, p, "cosine"), *(max(0.0, 0.9 - loops.distance(a, n, "cosine")) for n in many)]
    loss = contrastive_candidates(anchor, positive, negatives, margin=0.9)
    assert loss.item() == pytest.approx(np.mean(terms))
