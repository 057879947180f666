"""Folds for cross-validation that waste as few annotations as possible.

``splits.py`` holds out whole annotations, so an annotation whose nine images lie on both sides is lost. A fold holds
out annotations, images or groups of images instead. Training drops the candidates that are held out and keeps the rest
of the annotation; it drops the annotation only if its anchor or its positive is held out.
"""

from dataclasses import dataclass

import numpy as np
from scipy.cluster.hierarchy import DisjointSet
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

NEW_ANNOTATIONS, NEW_IMAGES, NEW_GROUPS = "new_annotations", "new_images", "new_groups"
KINDS = (NEW_ANNOTATIONS, NEW_IMAGES, NEW_GROUPS)
FOLDS = 5

# A block of images (see cut). On 3,000 annotations at random of people-art it triples what is tested, to 58%, and costs
# 0.03 of meanrank; blocks of 30 test 83%, but hold out whole styles, and the score is 0.07 too bad.
_BLOCK = 4
_LEAST = 0.5  # of the annotations: a fold that trains on fewer tells little of the model that is trained on all
_FEW = 20  # annotations, of which any fold will do


@dataclass(frozen=True)
class Fold:
    """One fold; images are int codes, as in the array that was cut.

    ``training``, int64 (t, 9): annotations to train on, -1 in place of a negative that is held out. ``test``, int64
    (v,): rows of the annotations to test on; no training annotation contains their anchor or positive (for
    ``new_annotations``: the same pair of anchor and positive). ``unit``, int64 (v,): the group of each one's anchor, or
    the anchor itself; tests of one unit are no independent evidence. ``held_out``, bool (m,): images that training must
    not see.
    """

    training: np.ndarray
    test: np.ndarray
    unit: np.ndarray
    held_out: np.ndarray


def cut(
    judged: np.ndarray, kind: str, *, count: int = FOLDS, seed: int = 0, groups: np.ndarray | None = None
) -> list[Fold]:
    """Cuts annotations, int64 (n, 9) of image codes from 0, into at most ``count`` folds.

    Folds that test nothing are left out, and so are folds that would train on less than half of the annotations.

    ``new_annotations``: annotations are dealt to the folds at random; those with the same pair of anchor and positive,
    or with the same nine images, stay together. ``new_images``: images are dealt. ``new_groups``: whole groups of
    images are dealt; ``groups``, int (m,), is the group of each image, -1 for an image that is a group of its own.

    Images and groups are not dealt one by one, because a fold can test an annotation only if it holds both the anchor
    and the positive: pairs are joined, in random order, into blocks of limited size, and blocks are dealt. Pairs within
    a large group are always tested, pairs of two groups seldom. So that large groups don't count for more than they do
    in the annotations, ``new_groups`` tests only some of the pairs of large groups (see ``_representative``).
    """
    rng = np.random.default_rng([seed, KINDS.index(kind)])
    images = int(judged.max()) + 1
    nothing = np.zeros(images, bool)
    unit = np.arange(images) if kind != NEW_GROUPS or groups is None else _units(groups[:images])
    anchors = unit[judged[:, 0]]
    if kind == NEW_ANNOTATIONS:
        alike = _alike(judged)
        number = _dealt_evenly(np.bincount(alike), count, rng)[alike]
        parts = [(judged[number != fold], number == fold, nothing) for fold in range(count)]
    else:
        number = _dealt_in_blocks(unit[judged[:, :2]], np.bincount(unit), count, rng)[unit]
        parts = [_without(judged, number == fold) for fold in range(count)]
    least = _LEAST * len(judged) if len(judged) >= _FEW else 1
    parts = [part for part in parts if part[1].any() and len(part[0]) >= least]
    if kind == NEW_GROUPS and parts:
        tested = np.logical_or.reduce([test for _, test, _ in parts])
        kept = _representative(np.bincount(anchors)[anchors], tested, rng)
        parts = [(training, test & kept, held_out) for training, test, held_out in parts]
    return [
        Fold(training, np.flatnonzero(test), anchors[test], held_out)
        for training, test, held_out in parts
        if test.any()
    ]


def _without(judged: np.ndarray, held_out: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Training (t, 9) without the images that are held out, bool (m,); which annotations can be tested, bool (n,)."""
    pair = held_out[judged[:, :2]]
    training = judged[~pair.any(axis=1)]
    return np.where(held_out[training], -1, training), pair.all(axis=1), held_out


def _alike(judged: np.ndarray) -> np.ndarray:
    """A code from 0 for each annotation, (n,), equal for those that share anchor and positive, or all nine images."""
    pairs = np.sort(judged[:, :2], axis=1)
    nines = np.sort(judged, axis=1)
    ends = [np.unique(one, axis=0, return_inverse=True)[1].ravel() for one in (pairs, nines)]
    n, nodes = len(judged), len(judged) + int(ends[0].max()) + 1 + int(ends[1].max()) + 1
    there = np.concatenate([n + ends[0], n + int(ends[0].max()) + 1 + ends[1]])
    graph = coo_array((np.ones(2 * n, np.int8), (np.tile(np.arange(n), 2), there)), (nodes, nodes))
    return np.unique(connected_components(graph)[1][:n], return_inverse=True)[1]


def _representative(size: np.ndarray, tested: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Which of the ``tested`` annotations, bool (n,), to keep, so that groups of every size have their share.

    ``size``, int (n,): how many annotations have an anchor of the same group. Annotations are stratified by it into
    quarters, and from each as large a share is drawn as the quarter has that is tested least.
    """
    stratum = np.searchsorted(np.quantile(size, [0.25, 0.5, 0.75]), size, side="right")
    members = [np.flatnonzero(stratum == one) for one in np.unique(stratum)]
    share = min(tested[some].mean() for some in members)
    kept = np.zeros(len(size), bool)
    for some in members:
        there = some[tested[some]]
        kept[rng.permutation(there)[: round(share * len(some))]] = True
    return kept if share else tested


def _units(groups: np.ndarray) -> np.ndarray:
    """Codes from 0 for groups, (m,), where each -1 gets a code of its own."""
    own = np.where(groups < 0, groups.max(initial=0) + 1 + np.arange(len(groups)), groups)
    return np.unique(own, return_inverse=True)[1]


def _dealt_in_blocks(pairs: np.ndarray, sizes: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """The fold of each unit, int (u,): units that ``pairs``, int (n, 2), join are in one block if it isn't too big."""
    blocks, size = DisjointSet(range(len(sizes))), sizes.astype(np.int64).copy()
    for one, other in pairs[rng.permutation(len(pairs))].tolist():
        one, other = blocks[one], blocks[other]
        if one != other and size[one] + size[other] <= _BLOCK:
            blocks.merge(one, other)
            size[blocks[one]] = size[one] + size[other]
    root = np.unique([blocks[unit] for unit in range(len(sizes))], return_inverse=True)[1]
    return _dealt_evenly(np.bincount(root, weights=sizes), count, rng)[root]


def _dealt_evenly(sizes: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """A fold for each thing, int (s,): in random order, each to the fold that holds least."""
    filled = np.zeros(count)
    fold = np.empty(len(sizes), np.int64)
    for one in rng.permutation(len(sizes)):
        fold[one] = filled.argmin()
        filled[fold[one]] += sizes[one]
    return fold
