import math

import numpy as np
import pytest
import torch

from artsim.learn.losses import listwise_softmax
from tests.learn.losses import loops


@pytest.mark.parametrize("kind", ["cosine", "euclidean"])
def test_loss_is_the_softmax_over_all_candidates(kind):
    embeddings = loops.embeddings(b=6, k=7, d=5)
    terms = []
    for anchor, positive, negatives in zip(*embeddings, strict=True):
        odds = [math.exp(-loops.distance(anchor, candidate, kind) / 0.1) for candidate in (positive, *negatives)]
        terms.append(-math.log(odds[0] / sum(odds)))
    settings = {"temperature": 0.1, "distance": kind}
    assert listwise_softmax(*embeddings, **settings).item() == pytest.approx(np.mean(terms), abs=1e-4)
    assert listwise_softmax(*embeddings, **settings, reduction="sum").item() == pytest.approx(sum(terms), abs=1e-4)


@pytest.mark.parametrize("kind", ["cosine", "euclidean"])
def test_gradient_matches_finite_differences(kind):
    def loss(*embeddings):
        return listwise_softmax(*embeddings, temperature=0.5, distance=kind)

    assert torch.autograd.gradcheck(loss, loops.embeddings(b=3, k=4, d=4))


def test_chance_costs_the_log_of_the_number_of_candidates():
    same = torch.ones(2, 3)
    assert listwise_softmax(same, same, torch.ones(2, 7, 3), temperature=0.1).item() == pytest.approx(math.log(8))
