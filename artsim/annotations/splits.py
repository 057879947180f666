"""Splits annotations into training and test set, so that a score applies to images (or groups) never seen in training.

A test set is made of whole connected components of annotations that share images. If a component is too big for that,
annotations are held out one by one, and the annotations that share an image with them are excluded from both sides.
"""

from collections.abc import Mapping

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from artsim.annotations.annotations import Annotations
from artsim.archive import UserError

KINDS = ("image-disjoint", "group-disjoint", "random")

_MIN_OF_TARGET = 0.75  # of the wanted size; with less from whole components, annotations are held out one by one
_MAX_OF_TARGET = 2.0  # times the wanted size: the most that one more whole component may give
_SAMPLE_SIZE = 1000  # annotations sampled in each step of the greedy choice


def split(
    annotations: Annotations,
    kind: str,
    *,
    share: float = 0.2,
    seed: int = 0,
    groups: Mapping[str, str] | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Returns the rows of training and test set, int64, sorted. Rows in neither overlap the test set and are excluded.

    ``image-disjoint``: no image of a test annotation is in a training annotation. ``group-disjoint``: the same for
    groups; ``groups`` maps an image to its group, and an image without one is a group of its own. ``random``: any
    annotation may be in either. ``share`` is the test set's share of the rows that are not excluded. Raises a user
    error if there is no such split.
    """
    if not 0 < share < 1:
        raise UserError(f"a share of {share} can't be held out as the test set; it must be between 0 and 1")
    codes = _codes(annotations, kind, groups)
    rng = np.random.default_rng(seed)
    target = min(share * len(annotations), len(annotations) - 1)
    return _checked(*_held_out(codes, target, share, np.ones(len(annotations), bool), rng), kind)


def disjoint_splits(
    annotations: Annotations,
    kind: str,
    *,
    count: int = 5,
    seed: int = 0,
    groups: Mapping[str, str] | None = None,
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Returns ``count`` splits as ``split`` makes them; no annotation is tested in two of them.

    Raises a user error if that is impossible.
    """
    if not 2 <= count <= max(len(annotations), 2):
        raise UserError(
            f"{count} folds of {len(annotations)} annotations: there must be at least 2 folds and an annotation in each"
        )
    codes = _codes(annotations, kind, groups)
    rng = np.random.default_rng(seed)
    unused = np.ones(len(annotations), bool)
    splits = []
    for number in range(count):
        target = unused.sum() / (count - number)
        training, test = _held_out(codes, target, 1 / count, unused, rng)
        splits.append(_checked(training, test, kind))
        unused &= ~test
    return splits


def _codes(annotations: Annotations, kind: str, groups: Mapping[str, str] | None) -> np.ndarray:
    """Returns codes from 0 of what must not be on both sides: int64 (n, 9), or (n, 1) for ``random``."""
    if kind not in KINDS:
        raise UserError(f"`split` {kind}: choose one of {', '.join(KINDS)}")
    if len(annotations) < 2:
        raise UserError(f"{len(annotations)} annotations are too few to split; add more with jobs.annotations")
    if kind == "random":
        return np.arange(len(annotations))[:, None]
    if kind == "image-disjoint":
        return annotations.judged(annotations.ids())
    if groups is None:
        raise UserError(f"`split` {kind}: needs groups; set `split_by` to their column")
    numbers: dict[tuple[str, str], int] = {}
    keys = (
        ("group", groups[image_id]) if groups.get(image_id) is not None else ("image", image_id)
        for image_id in annotations.images.flat
    )
    flat = [numbers.setdefault(key, len(numbers)) for key in keys]
    return np.array(flat, np.int64).reshape(annotations.images.shape)


def _held_out(
    codes: np.ndarray, target: float, share: float, allowed: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Returns masks of training and test set. Only ``allowed`` rows are tested, about as many as ``target``.

    If other rows are excluded, the test set is smaller: ``share`` of the rows that remain.
    """
    test = _whole_components(codes, target, allowed, rng)
    if test.sum() < _MIN_OF_TARGET * target:
        test = _grow_test_set(codes, test, target, share, allowed, rng)
    held_out = np.zeros(codes.max() + 1, bool)
    held_out[codes[test]] = True
    return ~held_out[codes].any(axis=1), test


def _whole_components(codes: np.ndarray, target: float, allowed: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Returns a mask of whole components, all rows allowed, of about ``target`` rows in total if possible."""
    n = len(codes)
    ends = np.repeat(np.arange(n), codes.shape[1]), codes.ravel() + n  # annotations and images are the nodes
    nodes = n + int(codes.max()) + 1
    component = connected_components(coo_array((np.ones(codes.size, np.int8), ends), (nodes, nodes)))[1][:n]
    sizes = np.bincount(component)
    order = rng.permutation(np.flatnonzero(np.bincount(component, weights=~allowed) == 0))
    chosen = np.zeros(len(sizes), bool)
    total = 0
    for candidate in order:
        if total + sizes[candidate] <= target + 0.5:
            chosen[candidate] = True
            total += sizes[candidate]
    not_chosen = order[~chosen[order]]
    if len(not_chosen) and total < _MIN_OF_TARGET * target:
        smallest = not_chosen[sizes[not_chosen].argmin()]
        limit = min(_MAX_OF_TARGET * target, allowed.sum()) - 0.5  # leaves some rows
        chosen[smallest] = total + sizes[smallest] < limit
    return chosen[component]


def _grow_test_set(
    codes: np.ndarray,
    test: np.ndarray,
    target: float,
    share: float,
    allowed: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """Returns the test set grown to ``target`` rows, or to ``share`` of the rows that are not excluded if that is less.

    Each step samples some rows and takes the one that excludes the fewest training rows; after the stochastic greedy
    algorithm of Mirzasoleiman et al., "Lazier than lazy greedy" (AAAI 2015).
    """
    test = test.copy()
    order = np.argsort(codes, axis=None, kind="stable")
    starts = np.searchsorted(codes.ravel()[order], np.arange(codes.max() + 2))
    held_out = np.zeros(codes.max() + 1, bool)
    held_out[codes[test]] = True
    training = ~held_out[codes].any(axis=1)
    weight = np.bincount(codes[training].ravel(), minlength=len(held_out))  # training rows lost by holding an image out
    candidates = rng.permutation(np.flatnonzero(allowed & ~test))
    test_count, training_count = int(test.sum()), int(training.sum())
    while len(candidates) and test_count < min(target, share * (test_count + training_count)):
        sample = rng.integers(len(candidates), size=min(_SAMPLE_SIZE, len(candidates)))
        sample_codes = codes[candidates[sample]]
        best = sample[np.where(held_out[sample_codes], 0, weight[sample_codes]).sum(axis=1).argmin()]
        row, candidates[best] = candidates[best], candidates[-1]
        candidates = candidates[:-1]
        test[row] = True
        test_count += 1
        for code in set(codes[row].tolist()):
            if not held_out[code]:
                held_out[code] = True
                excluded = np.unique(order[starts[code] : starts[code + 1]] // codes.shape[1])
                excluded = excluded[training[excluded]]
                training[excluded] = False
                training_count -= len(excluded)
                np.subtract.at(weight, codes[excluded].ravel(), 1)
    return test


def _checked(training: np.ndarray, test: np.ndarray, kind: str) -> tuple[np.ndarray, np.ndarray]:
    if not training.any() or not test.any():
        raise UserError(
            f"`split` {kind}: nearly all annotations share images or groups, so the training or test set would be "
            "empty; add more annotations, use jobs.annotations simulate `pools`, or choose `split` random"
        )
    return np.flatnonzero(training), np.flatnonzero(test)
