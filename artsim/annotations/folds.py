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

# Largest block of images (see cut). On 3,000 random annotations of people-art, blocks of 4 test three times as many
# annotations, 58%, and cost 0.03 of meanrank. Blocks of 30 test 83%, but hold out whole styles, and meanrank is
# 0.07 too high.
_BLOCK = 4
# share of annotations to train on; a fold with fewer says little about the model trained on all
_MIN_TRAINING_SHARE = 0.5
_FEW_ANNOTATIONS = 20  # with fewer annotations, folds of any size are used


@dataclass(frozen=True)
class Fold:
    """One fold; images are int codes, as in the array that was cut.

    ``training``, int64 (t, 9): annotations to train on, -1 in place of a negative that is held out. ``test``, int64
    (v,): rows of the annotations to test on; no training annotation contains their anchor or positive (for
    ``new_annotations``: the same pair of anchor and positive). ``unit``, int64 (v,): the group of each anchor, or the
    anchor itself; tests of one unit are not independent. ``held_out``, bool (m,): images that training must not see.
    """

    training: np.ndarray
    test: np.ndarray
    unit: np.ndarray
    held_out: np.ndarray


def cut(
    judged: np.ndarray, kind: str, *, count: int = FOLDS, seed: int = 0, groups: np.ndarray | None = None
) -> list[Fold]:
    """Cuts annotations, int64 (n, 9) of image codes from 0, into at most ``count`` folds.

    Leaves out folds that test nothing and folds that would train on less than half of the annotations.

    ``new_annotations``: annotations are assigned to folds at random; those with the same pair of anchor and positive,
    or with the same nine images, stay together. ``new_images``: images are assigned. ``new_groups``: whole groups of
    images are assigned; ``groups``, int (m,), is the group of each image, -1 for an image that is a group of its own.

    A fold can test an annotation only if it holds both the anchor and the positive. So pairs are joined, in random
    order, into blocks of limited size, and whole blocks are assigned. Pairs within a large group are always tested,
    pairs across two groups rarely. To keep large groups from being overrepresented, ``new_groups`` tests only some of
    their pairs (see ``_representative``).
    """
    rng = np.random.default_rng([seed, KINDS.index(kind)])
    images = int(judged.max()) + 1
    no_images = np.zeros(images, bool)
    unit = np.arange(images) if kind != NEW_GROUPS or groups is None else _units(groups[:images])
    anchors = unit[judged[:, 0]]
    if kind == NEW_ANNOTATIONS:
        codes = _codes_kept_together(judged)
        number = _assign_evenly(np.bincount(codes), count, rng)[codes]
        candidates = [(judged[number != fold], number == fold, no_images) for fold in range(count)]
    else:
        number = _assign_in_blocks(unit[judged[:, :2]], np.bincount(unit), count, rng)[unit]
        candidates = [_hold_out(judged, number == fold) for fold in range(count)]
    min_annotations = _MIN_TRAINING_SHARE * len(judged) if len(judged) >= _FEW_ANNOTATIONS else 1
    candidates = [candidate for candidate in candidates if candidate[1].any() and len(candidate[0]) >= min_annotations]
    if kind == NEW_GROUPS and candidates:
        tested = np.logical_or.reduce([test for _, test, _ in candidates])
        kept = _representative(np.bincount(anchors)[anchors], tested, rng)
        candidates = [(training, test & kept, held_out) for training, test, held_out in candidates]
    return [
        Fold(training, np.flatnonzero(test), anchors[test], held_out)
        for training, test, held_out in candidates
        if test.any()
    ]


def _hold_out(judged: np.ndarray, held_out: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns training, (t, 9) with -1 for held-out images; testable annotations, bool (n,); ``held_out``."""
    pair = held_out[judged[:, :2]]
    training = judged[~pair.any(axis=1)]
    return np.where(held_out[training], -1, training), pair.all(axis=1), held_out


def _codes_kept_together(judged: np.ndarray) -> np.ndarray:
    """Returns a code from 0 per annotation, (n,), equal for those with the same anchor and positive or nine images."""
    pairs = np.sort(judged[:, :2], axis=1)
    image_sets = np.sort(judged, axis=1)
    key_codes = [np.unique(keys, axis=0, return_inverse=True)[1].ravel() for keys in (pairs, image_sets)]
    n, nodes = len(judged), len(judged) + int(key_codes[0].max()) + 1 + int(key_codes[1].max()) + 1
    targets = np.concatenate([n + key_codes[0], n + int(key_codes[0].max()) + 1 + key_codes[1]])
    graph = coo_array((np.ones(2 * n, np.int8), (np.tile(np.arange(n), 2), targets)), (nodes, nodes))
    return np.unique(connected_components(graph)[1][:n], return_inverse=True)[1]


def _representative(size: np.ndarray, tested: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Returns which ``tested`` annotations, bool (n,), to keep so groups of all sizes keep their share.

    ``size``, int (n,), is the number of annotations whose anchor is of the same group. Annotations are divided into
    quarters by size. From each quarter the same share is drawn: the share that is tested in the least tested quarter.
    """
    stratum = np.searchsorted(np.quantile(size, [0.25, 0.5, 0.75]), size, side="right")
    quarters = [np.flatnonzero(stratum == number) for number in np.unique(stratum)]
    share = min(tested[quarter].mean() for quarter in quarters)
    kept = np.zeros(len(size), bool)
    for quarter in quarters:
        testable = quarter[tested[quarter]]
        kept[rng.permutation(testable)[: round(share * len(quarter))]] = True
    return kept if share else tested


def _units(groups: np.ndarray) -> np.ndarray:
    """Returns codes from 0 for groups, (m,); each -1 gets a code of its own."""
    unit_groups = np.where(groups < 0, groups.max(initial=0) + 1 + np.arange(len(groups)), groups)
    return np.unique(unit_groups, return_inverse=True)[1]


def _assign_in_blocks(pairs: np.ndarray, sizes: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Returns the fold of each unit, int (u,). Units joined by ``pairs``, int (n, 2), share a block if it fits."""
    blocks, size = DisjointSet(range(len(sizes))), sizes.astype(np.int64).copy()
    for first, second in pairs[rng.permutation(len(pairs))].tolist():
        first, second = blocks[first], blocks[second]
        if first != second and size[first] + size[second] <= _BLOCK:
            blocks.merge(first, second)
            size[blocks[first]] = size[first] + size[second]
    root = np.unique([blocks[unit] for unit in range(len(sizes))], return_inverse=True)[1]
    return _assign_evenly(np.bincount(root, weights=sizes), count, rng)[root]


def _assign_evenly(sizes: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Returns a fold for each item, int (s,): in random order, each goes to the fold that holds least."""
    fold_sizes = np.zeros(count)
    fold = np.empty(len(sizes), np.int64)
    for item in rng.permutation(len(sizes)):
        fold[item] = fold_sizes.argmin()
        fold_sizes[fold[item]] += sizes[item]
    return fold
