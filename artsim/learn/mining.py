"""Negatives from the archive by the current embedding: semi-hard and hard ones, never of a known relative."""

import numpy as np
import torch
from torch.nn import functional as F

from artsim.mistake import Mistake

_ENTRIES = 1 << 24  # distances held at a time, so that memory does not grow with annotations times archive
_DEPTH = 4  # times ``count``: from so many of the most telling are those drawn that an epoch learns from


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
    """Negatives for each annotation: rows of ``embedding`` (m, d), int64 (n, count), each once.

    ``hard`` are those nearest to the anchor; ``semihard`` the nearest of those farther than the positive (Schroff,
    Kalenichenko, Philbin: FaceNet, 2015, section 3.2), and where there are too few of them, the farthest of the nearer
    ones. They are drawn from the 4 x ``count`` foremost: the very foremost are often relatives whom nobody has linked
    yet. Never one of the annotation's own images (``judged``, int (n, 9)), nor one of the anchor's or positive's group
    (``groups``, int (m,), -1 for none). ``candidates`` are the rows that may be drawn, all if None: leave out what a
    verification shall not have seen. Mistake if an annotation leaves too few.
    """
    rows = torch.as_tensor(embedding).nan_to_num(0, 0, 0)  # a broken model still trains to its end, and is measured
    if distance == "cosine":
        rows = F.normalize(rows, dim=1)  # so that the euclidean order is that of the cosine
    pool = np.arange(len(rows)) if candidates is None else np.unique(candidates)
    step = max(_ENTRIES // max(len(pool), 1), 1)
    found = [_mine(rows, some, groups, pool, kind, count, rng) for some in _pieces(judged, step)]
    return np.concatenate(found) if found else np.empty((0, count), np.int64)


def _pieces(judged: np.ndarray, step: int) -> list[np.ndarray]:
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
    away = torch.cdist(anchors, rows[pool])
    forbidden = torch.as_tensor(_forbidden(judged, groups, pool), device=rows.device)
    key, depth = away, torch.full((len(judged),), _DEPTH * count, device=rows.device)
    if kind == "semihard":
        gap = away - (anchors - rows[judged[:, 1]]).norm(dim=1, keepdim=True)
        key = torch.where(gap > 0, gap, gap.amax(1, keepdim=True).clamp_min(0) + gap.abs())
        depth = depth.minimum(((gap > 0) & ~forbidden).sum(1))
    allowed = (~forbidden).sum(1)
    if allowed.min() < count:
        raise Mistake(f"--mined {count}: there is an annotation that leaves only {int(allowed.min())} images to choose")
    places = key.masked_fill(forbidden, torch.inf).topk(min(_DEPTH * count, len(pool)), largest=False).indices
    depth = depth.minimum(allowed).clamp_min(count).cpu()
    luck = rng.random(places.shape)
    luck[np.arange(places.shape[1]) >= depth.numpy()[:, None]] = 1.0  # above all that is drawn
    drawn = np.argsort(luck, axis=1, kind="stable")[:, :count]
    return pool[np.take_along_axis(places.cpu().numpy(), drawn, axis=1)]


def _forbidden(judged: np.ndarray, groups: np.ndarray, pool: np.ndarray) -> np.ndarray:
    """Which of the pool (c,) an annotation must not have: bool (n, c)."""
    own = groups[judged[:, :2], None]
    forbidden = ((own == groups[pool]) & (own >= 0)).any(1)
    place = np.full(len(groups), -1)
    place[pool] = np.arange(len(pool))
    annotation, image = np.nonzero(place[judged] >= 0)
    forbidden[annotation, place[judged][annotation, image]] = True
    return forbidden
