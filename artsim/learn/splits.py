"""Which annotations train and which verify, so that a score says something about images (or groups) never seen.

A split is made of whole connected components of annotations that share images. Where one of them is too big for that,
annotations are held out one by one, and those that share an image with them are left out of both sides.
"""

from collections.abc import Mapping

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from artsim.archive import Mistake
from artsim.learn.annotations import Annotations

KINDS = ("image-disjoint", "group-disjoint", "random")

_NEAR_ENOUGH = 0.75  # of the share asked for, from whole components alone
_AT_MOST = 2.0  # times the share, if one component more gives that much and loses nothing
_LOOKED_AT = 1000  # annotations that each step of a greedy choice chooses from


def split(
    annotations: Annotations,
    kind: str,
    *,
    share: float = 0.2,
    seed: int = 0,
    groups: Mapping[str, str] | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Rows of training and rows of verification, int64, sorted; rows in neither cross between them and are left out.

    ``image-disjoint``: no image of a verification annotation is in a training one. ``group-disjoint``: no group
    (``groups`` gives that of an image; without one it is a group of its own). ``random``: any annotation anywhere.
    ``share`` is that of verification among the rows that are left. Mistake if there is no such split.
    """
    if not 0 < share < 1:
        raise Mistake(f"a share of {share} can't be held out for verification; it must be between 0 and 1")
    codes = _codes(annotations, kind, groups)
    rng = np.random.default_rng(seed)
    wanted = min(share * len(annotations), len(annotations) - 1)
    return _checked(*_held_out(codes, wanted, share, np.ones(len(annotations), bool), rng), kind)


def folds(
    annotations: Annotations,
    kind: str,
    *,
    count: int = 5,
    seed: int = 0,
    groups: Mapping[str, str] | None = None,
) -> list[tuple[np.ndarray, np.ndarray]]:
    """``count`` splits as ``split`` makes them; no annotation verifies in two of them. Mistake if that can't be."""
    if not 2 <= count <= max(len(annotations), 2):
        raise Mistake(f"{count} folds of {len(annotations)} annotations: at least 2 folds, and an annotation in each")
    codes = _codes(annotations, kind, groups)
    rng = np.random.default_rng(seed)
    unused = np.ones(len(annotations), bool)
    found = []
    for number in range(count):
        wanted = unused.sum() / (count - number)
        training, verification = _held_out(codes, wanted, 1 / count, unused, rng)
        found.append(_checked(training, verification, kind))
        unused &= ~verification
    return found


def _codes(annotations: Annotations, kind: str, groups: Mapping[str, str] | None) -> np.ndarray:
    """What must not be on both sides, as numbers from 0; int64 of shape (n, 9), or (n, 1) where each row is alone."""
    if kind not in KINDS:
        raise Mistake(f"--split {kind}: there are {', '.join(KINDS)}")
    if len(annotations) < 2:
        raise Mistake(f"{len(annotations)} annotations can't be split; jobs.annotations makes more")
    if kind == "random":
        return np.arange(len(annotations))[:, None]
    if kind == "image-disjoint":
        return annotations.judged(annotations.ids())
    if groups is None:
        raise Mistake(f"--split {kind}: it needs to know the groups; say by which column")
    numbers: dict[tuple[str, str], int] = {}
    keys = (
        ("group", groups[one]) if groups.get(one) is not None else ("image", one) for one in annotations.images.flat
    )
    flat = [numbers.setdefault(key, len(numbers)) for key in keys]
    return np.array(flat, np.int64).reshape(annotations.images.shape)


def _held_out(
    codes: np.ndarray, wanted: float, share: float, allowed: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Masks of training and of verification. Only rows that are ``allowed`` may verify, about as many as wanted.

    Where that loses others, there are fewer: ``share`` of what is left.
    """
    verification = _whole_components(codes, wanted, allowed, rng)
    if verification.sum() < _NEAR_ENOUGH * wanted:
        verification = _grown(codes, verification, wanted, share, allowed, rng)
    held = np.zeros(codes.max() + 1, bool)
    held[codes[verification]] = True
    return ~held[codes].any(axis=1), verification


def _whole_components(codes: np.ndarray, wanted: float, allowed: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A mask of the rows of components, all rows allowed, that together have about as many as wanted, if there are."""
    n = len(codes)
    ends = np.repeat(np.arange(n), codes.shape[1]), codes.ravel() + n  # annotations and images are the nodes
    nodes = n + int(codes.max()) + 1
    component = connected_components(coo_array((np.ones(codes.size, np.int8), ends), (nodes, nodes)))[1][:n]
    sizes = np.bincount(component)
    order = rng.permutation(np.flatnonzero(np.bincount(component, weights=~allowed) == 0))
    chosen = np.zeros(len(sizes), bool)
    total = 0
    for one in order:
        if total + sizes[one] <= wanted + 0.5:
            chosen[one] = True
            total += sizes[one]
    rest = order[~chosen[order]]
    if len(rest) and total < _NEAR_ENOUGH * wanted:
        smallest = rest[sizes[rest].argmin()]
        chosen[smallest] = total + sizes[smallest] < min(_AT_MOST * wanted, allowed.sum()) - 0.5  # some must be left
    return chosen[component]


def _grown(
    codes: np.ndarray,
    verification: np.ndarray,
    wanted: float,
    share: float,
    allowed: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """The rows and more of them, until they are as many as wanted, or the share of all that don't cross.

    Each step takes, of some drawn at random, the row that costs training the fewest others; after the stochastic
    greedy algorithm of Mirzasoleiman et al., "Lazier than lazy greedy" (AAAI 2015).
    """
    verification = verification.copy()
    order = np.argsort(codes, axis=None, kind="stable")
    starts = np.searchsorted(codes.ravel()[order], np.arange(codes.max() + 2))
    held = np.zeros(codes.max() + 1, bool)
    held[codes[verification]] = True
    training = ~held[codes].any(axis=1)
    weight = np.bincount(codes[training].ravel(), minlength=len(held))  # what holding an image out costs
    free = rng.permutation(np.flatnonzero(allowed & ~verification))
    verifying, trained = int(verification.sum()), int(training.sum())
    while len(free) and verifying < min(wanted, share * (verifying + trained)):
        some = rng.integers(len(free), size=min(_LOOKED_AT, len(free)))
        looked = codes[free[some]]
        best = some[np.where(held[looked], 0, weight[looked]).sum(axis=1).argmin()]
        row, free[best] = free[best], free[-1]
        free = free[:-1]
        verification[row] = True
        verifying += 1
        for code in set(codes[row].tolist()):
            if not held[code]:
                held[code] = True
                lost = np.unique(order[starts[code] : starts[code + 1]] // codes.shape[1])
                lost = lost[training[lost]]
                training[lost] = False
                trained -= len(lost)
                np.subtract.at(weight, codes[lost].ravel(), 1)
    return verification


def _checked(training: np.ndarray, verification: np.ndarray, kind: str) -> tuple[np.ndarray, np.ndarray]:
    if not training.any() or not verification.any():
        raise Mistake(
            f"--split {kind}: nearly every annotation shares something with every other, so nothing is left on one "
            "side; more annotations, jobs.annotations simulate --pools, or --split random would do"
        )
    return np.flatnonzero(training), np.flatnonzero(verification)
