"""A listwise loss: the positive against all negatives of its annotation at once."""

import torch
from torch import Tensor
from torch.nn import functional as F

from artsim.learn.losses.distances import distance as measured


def listwise_softmax(
    anchor: Tensor,
    positive: Tensor,
    negatives: Tensor,
    *,
    temperature: float,
    distance: str = "cosine",
    reduction: str = "mean",
    present: Tensor | None = None,
) -> Tensor:
    """Returns -log of the softmax of -distance / ``temperature`` at the positive, over it and its k negatives.

    ``anchor`` and ``positive`` (b, d), ``negatives`` (b, k, d), to a scalar: the mean or sum over annotations. Where
    ``present``, bool (b, k), is False, there is no negative. This is ListNet's top-one cross entropy with one relevant
    item (Cao et al., Learning to rank: from pairwise approach to listwise approach, 2007, section 4.2).
    """
    candidates = torch.cat([positive.unsqueeze(1), negatives], dim=1)
    logits = measured(anchor.unsqueeze(1), candidates, distance) / -temperature
    if present is not None:
        logits = torch.cat([logits[:, :1], logits[:, 1:].masked_fill(~present, -torch.inf)], dim=1)
    return F.cross_entropy(
        logits, torch.zeros(len(logits), dtype=torch.long, device=logits.device), reduction=reduction
    )
