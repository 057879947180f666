"""Naive distances, and random triplets none of which lies near a kink of the losses."""

import math

import numpy as np
import torch
from torch import Tensor


def distance(a: Tensor, b: Tensor, kind: str) -> float:
    x, y = a.tolist(), b.tolist()
    if kind == "euclidean":
        return math.sqrt(sum((p - q) ** 2 for p, q in zip(x, y, strict=True)))
    dot = sum(p * q for p, q in zip(x, y, strict=True))
    return 1 - dot / math.sqrt(sum(p * p for p in x) * sum(q * q for q in y))


def embeddings(b: int, k: int, d: int, seed: int = 0) -> tuple[Tensor, Tensor, Tensor]:
    """Random anchors (b, d), positives (b, d) and negatives (b, k, d) in float64, with gradients enabled."""
    rng = np.random.default_rng(seed)
    shapes = ((b, d), (b, d), (b, k, d))
    return tuple(torch.tensor(rng.normal(size=shape), requires_grad=True) for shape in shapes)  # type: ignore[return-value]
