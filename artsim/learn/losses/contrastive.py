"""The pairwise contrastive loss: on links, and on annotations taken apart into pairs."""

import torch
from pytorch_metric_learning.distances import LpDistance
from pytorch_metric_learning.losses import ContrastiveLoss
from torch import Tensor

from artsim.learn.losses.distances import distance as measured
from artsim.learn.losses.distances import reduced


def contrastive(
    a: Tensor,
    b: Tensor,
    positive: Tensor,
    *,
    margin: float,
    intra_margin: float | None = None,
    distance: str = "cosine",
    reduction: str = "mean",
) -> Tensor:
    """max(0, d - m2) of positive pairs, max(0, m - d) of negative ones, by pytorch-metric-learning's ContrastiveLoss.

    ``a`` and ``b`` (p, d), ``positive`` (p,) bool, to a scalar; an ``intra_margin`` m2 of None is 0. (Hadsell, Chopra,
    LeCun: Dimensionality reduction by learning an invariant mapping, 2006, section 2.1, without the squares.)
    """
    # Its terms alone: its forward pass makes a matrix of all with all. LpDistance says that margins are distances.
    terms = ContrastiveLoss(pos_margin=intra_margin or 0.0, neg_margin=margin, distance=LpDistance())
    distances = measured(a, b, distance)
    near = terms.get_per_pair_loss(distances[positive], "pos")
    far = terms.get_per_pair_loss(distances[~positive], "neg")
    return reduced(torch.cat([near, far]), reduction)


def contrastive_candidates(
    anchor: Tensor,
    positive: Tensor,
    negatives: Tensor,
    *,
    margin: float,
    intra_margin: float | None = None,
    distance: str = "cosine",
    reduction: str = "mean",
    present: Tensor | None = None,
) -> Tensor:
    """The same of annotations: each anchor (b, d) in pairs with its positive (b, d) and its negatives (b, k, d).

    Where ``present``, bool (b, k), is False there is no negative, and so no pair.
    """
    candidates = torch.cat([positive.unsqueeze(1), negatives], dim=1)
    of_positive = torch.zeros(candidates.shape[:2], dtype=torch.bool, device=anchor.device)
    of_positive[:, 0] = True
    there = torch.ones_like(of_positive)
    if present is not None:
        there[:, 1:] = present
    return contrastive(
        anchor.unsqueeze(1).expand_as(candidates)[there],
        candidates[there],
        of_positive[there],
        margin=margin,
        intra_margin=intra_margin,
        distance=distance,
        reduction=reduction,
    )
