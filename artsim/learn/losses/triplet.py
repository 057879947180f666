"""The compound triplet loss: margin, anchor swap, and a penalty for positives far from their anchor."""

import torch
from torch import Tensor

from artsim.learn.losses.distances import distance as measured
from artsim.learn.losses.distances import reduced


def compound_triplet(
    anchor: Tensor,
    positive: Tensor,
    negatives: Tensor,
    *,
    margin: float,
    intra_margin: float | None = None,
    swap: bool = False,
    distance: str = "cosine",
    reduction: str = "mean",
    present: Tensor | None = None,
) -> Tensor:
    """Returns max(0, m + d+ - d- + max(0, d+ - m2)) over all triplets; each negative makes one.

    ``anchor`` and ``positive`` (b, d), ``negatives`` (b, k, d), to a scalar. The inner term is nested: a negative that
    is far enough away hides a positive that is too far. It is left out if ``intra_margin`` m2 is None. With ``swap``,
    d- is the smaller of the negative's distances to anchor and positive (Balntas et al., Learning local feature
    descriptors with triplets and shallow convolutional neural networks, 2016, section 2.3). Where ``present``, bool
    (b, k), is False, there is no negative and so no triplet.
    """
    to_positive = measured(anchor, positive, distance).unsqueeze(1)
    to_negatives = measured(anchor.unsqueeze(1), negatives, distance)
    if swap:
        to_negatives = torch.minimum(to_negatives, measured(positive.unsqueeze(1), negatives, distance))
    violation = margin + to_positive - to_negatives
    if intra_margin is not None:
        violation = violation + torch.relu(to_positive - intra_margin)
    return reduced(torch.relu(violation if present is None else violation[present]), reduction)
