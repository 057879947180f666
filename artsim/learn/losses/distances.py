"""Distances between rows of embeddings by pytorch-metric-learning; row by row, never all with all."""

import torch
from pytorch_metric_learning.distances import CosineSimilarity, LpDistance
from torch import Tensor

_MEASURES = {"cosine": CosineSimilarity(), "euclidean": LpDistance(normalize_embeddings=False)}


def distance(a: Tensor, b: Tensor, kind: str) -> Tensor:
    """Returns the distance from each row of ``a`` to the same row of ``b``: both (..., d), broadcast, to (...).

    ``cosine`` is 1 - cosine similarity, 0 to 2; ``euclidean`` is not normalized.
    """
    measure = _MEASURES[kind]
    a, b = torch.broadcast_tensors(measure.maybe_normalize(a, dim=-1), measure.maybe_normalize(b, dim=-1))
    values = measure.pairwise_distance(a.flatten(0, -2), b.flatten(0, -2)).view(a.shape[:-1])
    return 1 - values if measure.is_inverted else values


def reduced(losses: Tensor, reduction: str) -> Tensor:
    """Returns the ``mean`` or ``sum`` of all losses, zeros included, so that parts of a batch add up. 0 of none."""
    return losses.sum() if reduction == "sum" or not losses.numel() else losses.mean()
