"""The pairwise contrastive loss, for links and for annotations split into pairs."""

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
    """Returns the loss max(0, d - m2) of positive pairs and max(0, m - d) of negative pairs.

    The terms are those of pytorch-metric-learning's ContrastiveLoss. ``a`` and ``b`` (p, d), ``positive`` (p,) bool, to
    a scalar; an ``intra_margin`` m2 of None is 0. (Hadsell, Chopra, LeCun: Dimensionality reduction by learning an
    invariant mapping, 2006, section 2.1, without the squares.)
    """
    # Only the terms: the forward pass compares all rows with all. LpDistance marks margins as distances.
    terms = ContrastiveLoss(pos_margin=intra_margin or 0.0, neg_margin=margin, distance=LpDistance())
    distances = measured(a, b, distance)
    to_positive = terms.get_per_pair_loss(distances[positive], "pos")
    to_negatives = terms.get_per_pair_loss(distances[~positive], "neg")
    return reduced(torch.cat([to_positive, to_negatives]), reduction)


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
    """Returns the same loss for annotations: pairs each anchor (b, d) with its positive (b, d) and negatives (b, k, d).

    Where ``present``, bool (b, k), is False, there is no negative and so no pair.
    """
    candidates = torch.cat([positive.unsqueeze(1), negatives], dim=1)
    of_positive = torch.zeros(candidates.shape[:2], dtype=torch.bool, device=anchor.device)
    of_positive[:, 0] = True
    is_pair = torch.ones_like(of_positive)
    if present is not None:
        is_pair[:, 1:] = present
    return contrastive(
        anchor.unsqueeze(1).expand_as(candidates)[is_pair],
        candidates[is_pair],
        of_positive[is_pair],
        margin=margin,
        intra_margin=intra_margin,
        distance=distance,
        reduction=reduction,
    )
