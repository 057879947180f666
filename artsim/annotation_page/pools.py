"""Assigns artworks to pools. The images of an annotation come from one pool, so that folds exclude none."""

import hashlib
from collections.abc import Sequence

import numpy as np

from artsim.archive import UserError

POOLS = 5  # as many as jobs.train has folds
_MIN_POOL_SIZE = 40  # artworks in a pool; with fewer, the same images would be shown again and again


def pools_of(keys: Sequence[str], images: int, pools: int | None) -> np.ndarray:
    """Returns the pool of each artwork, int64 (n,), from 0; -1 for those in a pool of fewer than ``images``.

    ``keys`` says what stays together: an artwork's id, or its group. The pool is a hash of the key, so an artwork stays
    in its pool when others are added. Without ``pools`` there are five, or as many as leave 40 artworks in each. Raises
    a user error if no pool has enough artworks.
    """
    if pools is not None and pools < 1:
        raise UserError(f"`pools` {pools}: must be 1 or more")
    hashes = np.fromiter((_hash(key) for key in keys), np.uint64, len(keys))
    for count in [pools] if pools else range(POOLS, 0, -1):
        pool = (hashes % np.uint64(count)).astype(np.int64)
        sizes = np.bincount(pool, minlength=count)
        if sizes.min() >= _MIN_POOL_SIZE:
            break
    if sizes.max() < images:
        fewer = "; use fewer `pools`" if pools and pools > 1 else ""
        raise UserError(f"`pools` {count}: no pool has {images} artworks; there are {len(keys)} in all{fewer}")
    return np.where(sizes[pool] >= images, pool, -1)


def _hash(key: str) -> int:
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big")
