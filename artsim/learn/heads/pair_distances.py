"""Distances between selected pairs of many embeddings, without copying the two rows of each pair."""

import warnings

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

_MIN_SQUARED_DISTANCE = 1e-12  # of a squared distance: below it there is only rounding, and the root has no gradient


def pair_distances(embedding: Tensor, pairs: np.ndarray, kind: str) -> Tensor:
    """Returns the distance of each pair of rows: ``embedding`` (m, d), ``pairs`` int (p, 2), to (p,).

    ``cosine`` is 1 - cosine similarity; ``euclidean`` is not normalized. A sampled matrix product computes dot products
    for the pairs alone. Forward and backward, this is several times as fast as gathering the rows of every pair.
    """
    rows = F.normalize(embedding) if kind == "cosine" else embedding
    count = len(rows)
    keys, positions = np.unique(pairs[:, 0] * count + pairs[:, 1], return_inverse=True)
    first, second = (torch.from_numpy(indices).to(rows.device) for indices in np.divmod(keys, count))
    starts = torch.searchsorted(first, torch.arange(count + 1, device=rows.device))
    zeros = torch.zeros(len(keys), device=rows.device)
    with warnings.catch_warnings():  # torch warns once that sparse CSR tensors are beta
        warnings.simplefilter("ignore", UserWarning)
        pattern = torch.sparse_csr_tensor(starts, second, zeros, (count, count), check_invariants=False)
    dots = torch.sparse.sampled_addmm(pattern, rows, rows.T, beta=0.0).values()
    if kind == "cosine":
        distances = 1 - dots
    else:
        squares = rows.square().sum(1)
        distances = (squares[first] + squares[second] - 2 * dots).clamp_min(_MIN_SQUARED_DISTANCE).sqrt()
    return distances.index_select(0, torch.from_numpy(positions).to(rows.device))
