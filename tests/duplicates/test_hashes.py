from itertools import combinations

import numpy as np
import pytest

from artsim.duplicates.hashes import near_hashes


def _hashes(count: int) -> np.ndarray:
    """Random hashes, and for each some with a few bits changed."""
    rng = np.random.default_rng(5)
    originals = rng.integers(0, 1 << 63, count, np.uint64) * np.uint64(2)
    changed = [
        value ^ np.bitwise_or.reduce(np.uint64(1) << rng.choice(64, bits, replace=False).astype(np.uint64))
        for value, bits in zip(np.repeat(originals, 4), rng.integers(1, 14, 4 * count), strict=True)
    ]
    return rng.permutation(np.concatenate([originals, originals[:3], np.array(changed, np.uint64)]))


@pytest.mark.parametrize("most", [0, 1, 5, 6, 11, 16])
def test_all_pairs_are_found_and_no_others(most: int) -> None:
    hashes = _hashes(40)
    numbers = hashes.tolist()
    expected = [
        [i, j] for i, j in combinations(range(len(numbers)), 2) if (numbers[i] ^ numbers[j]).bit_count() <= most
    ]
    assert len(expected) >= 3
    assert near_hashes(hashes, most).tolist() == expected


@pytest.mark.parametrize("count", [0, 1])
def test_too_few_hashes_for_a_pair(count: int) -> None:
    assert near_hashes(np.zeros(count, np.uint64), 6).shape == (0, 2)
