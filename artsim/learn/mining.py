"""Mines negatives from the archive by the current embedding: semi-hard or hard ones, never known related items."""

import numpy as np
import torch
from torch.nn import functional as F

from artsim.errors import UserError

_ENTRIES = 1 << 24  # distances held at a time, to bound memory
_DEPTH = 4  # times ``count``: how many of the best candidates negatives are drawn from


def mine(
    embedding: np.ndarray | torch.Tensor,
    judged: np.ndarray,
    groups: np.ndarray,
    kind: str,
    count: int,
    rng: np.random.Generator,
    *,
    distance: str = "cosine",
    candidates: np.ndarray | None = None,
) -> np.ndarray:
    """Returns negatives for each annotation: distinct rows of ``embedding`` (m, d), int64 (n, count).

    ``hard`` negatives are those nearest to the anchor. ``semihard`` negatives are the nearest of those farther than the
    positive (Schroff, Kalenichenko, Philbin: FaceNet, 2015, section 3.2); if there are too few, the farthest of the
    nearer ones are added. Negatives are drawn from the first 4 x ``count`` of this order, because the very first are
    often related items that nobody has linked yet. The annotation's own images (``judged``, int (n, 9)) and the group
    of its anchor or positive (``groups``, int (m,), -1 for none) are never drawn. ``candidates`` are the rows that may
    be drawn, all if None; leave out images that only the test set may contain. Raises a user error if an annotation
    leaves too few.
    """
    rows = torch.as_tensor(embedding).nan_to_num(0, 0, 0)  # lets a diverged training finish and be measured
    if distance == "cosine":
        rows = F.normalize(rows, dim=1)  # euclidean order now equals cosine order
    pool = np.arange(len(rows)) if candidates is None else np.unique(candidates)
    step = max(_ENTRIES // max(len(pool), 1), 1)
    mined = [_mine(rows, batch, groups, pool, kind, count, rng) for batch in _batches(judged, step)]
    return np.concatenate(mined) if mined else np.empty((0, count), np.int64)


def _batches(judged: np.ndarray, step: int) -> list[np.ndarray]:
    return [judged[start : start + step] for start in range(0, len(judged), step)]


def _mine(
    rows: torch.Tensor,
    judged: np.ndarray,
    groups: np.ndarray,
    pool: np.ndarray,
    kind: str,
    count: int,
    rng: np.random.Generator,
) -> np.ndarray:
    anchors = rows[judged[:, 0]]
    distances = torch.cdist(anchors, rows[pool])
    forbidden = torch.as_tensor(_forbidden(judged, groups, pool), device=rows.device)
    key, depth = distances, torch.full((len(judged),), _DEPTH * count, device=rows.device)
    if kind == "semihard":
        gap = distances - (anchors - rows[judged[:, 1]]).norm(dim=1, keepdim=True)
        key = torch.where(gap > 0, gap, gap.amax(1, keepdim=True).clamp_min(0) + gap.abs())
        depth = depth.minimum(((gap > 0) & ~forbidden).sum(1))
    allowed = (~forbidden).sum(1)
    if allowed.min() < count:
        raise UserError(f"`mined` {count}: an annotation has only {int(allowed.min())} candidates; choose a smaller N")
    nearest = key.masked_fill(forbidden, torch.inf).topk(min(_DEPTH * count, len(pool)), largest=False).indices
    depth = depth.minimum(allowed).clamp_min(count).cpu()
    random_keys = rng.random(nearest.shape)
    random_keys[np.arange(nearest.shape[1]) >= depth.numpy()[:, None]] = 1.0  # sorts after everything that may be drawn
    chosen = np.argsort(random_keys, axis=1, kind="stable")[:, :count]
    return pool[np.take_along_axis(nearest.cpu().numpy(), chosen, axis=1)]


def _forbidden(judged: np.ndarray, groups: np.ndarray, pool: np.ndarray) -> np.ndarray:
    """Returns which rows of the pool, (c,), each annotation must not get, bool (n, c)."""
    own_groups = groups[judged[:, :2], None]
    forbidden = ((own_groups == groups[pool]) & (own_groups >= 0)).any(1)
    pool_position = np.full(len(groups), -1)
    pool_position[pool] = np.arange(len(pool))
    annotation, image = np.nonzero(pool_position[judged] >= 0)
    forbidden[annotation, pool_position[judged][annotation, image]] = True
    return forbidden
