"""Pairs of perceptual hashes that differ in few bits, without comparing all pairs."""

from itertools import combinations, pairwise

import numpy as np

_BITS = 64


def near_hashes(hashes: np.ndarray, most: int) -> np.ndarray:
    """Returns all pairs of different rows of ``hashes``, uint64 (n,), that differ in at most ``most`` bits.

    Row numbers i < j, int64 (p, 2), in order. The 64 bits are cut into ``most + 2`` bands. Two hashes that differ in at
    most ``most`` bits are equal in two bands or more, so only hashes that agree in some two bands are compared
    (pigeonhole; Manku, Jain and Das Sarma, "Detecting near-duplicates for web crawling", 2007). Memory is proportional
    to n and to the number of pairs found.
    """
    edges = np.linspace(0, _BITS, most + 3).round().astype(int)
    bands = [sum(1 << bit for bit in range(low, high)) for low, high in pairwise(edges.tolist())]
    pair_keys = [np.empty(0, np.int64)]
    for first, second in combinations(bands, 2):
        keys = hashes & np.uint64(first | second)
        order = np.argsort(keys, kind="stable")
        pair_keys.append(_equal_keys(keys[order], hashes[order], order, most))
    pairs = np.unique(np.concatenate(pair_keys))
    return np.column_stack(np.divmod(pairs, max(len(hashes), 1)))


def _equal_keys(keys: np.ndarray, hashes: np.ndarray, rows: np.ndarray, most: int) -> np.ndarray:
    """Compares hashes with equal keys, which are sorted; returns i * n + j of each pair of rows i < j that is near."""
    count, pair_keys = len(keys), [np.empty(0, np.int64)]
    starts, gap = np.arange(count), 1
    while True:
        starts = starts[starts < count - gap]
        starts = starts[keys[starts] == keys[starts + gap]]
        if not len(starts):
            return np.concatenate(pair_keys)
        near = starts[np.bitwise_count(hashes[starts] ^ hashes[starts + gap]) <= most]
        low, high = np.sort([rows[near], rows[near + gap]], axis=0)
        pair_keys.append(np.unique(low * count + high))
        gap += 1
