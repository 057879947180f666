"""A seeded sample: whole partitions in random order, no more than needed, each at most once."""

import numpy as np
import pytest

from artsim.space.sample import sample

PARTS = [(shard, f"p{number}") for shard in range(4) for number in range(3)]
ROWS = {part: list(range(index % 5)) for index, part in enumerate(PARTS)}  # 0 to 4 rows


def _drawn(rows: int, seed: int) -> list[tuple[int, str]]:
    """Returns the partitions that a sample reads."""
    read: list[tuple[int, str]] = []

    def reading(shard: int, part: str) -> list[int]:
        read.append((shard, part))
        return ROWS[shard, part]

    contents = list(sample(PARTS, reading, len, rows, np.random.default_rng(seed)))
    assert contents == [ROWS[part] for part in read]
    return read


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("rows", [1, 7, 20])
def test_it_reads_just_enough_partitions_in_the_order_of_the_generator(rows: int, seed: int) -> None:
    drawn = _drawn(rows, seed)
    assert drawn == [PARTS[index] for index in np.random.default_rng(seed).permutation(len(PARTS))][: len(drawn)]
    sizes = [len(ROWS[part]) for part in drawn]
    assert sum(sizes[:-1]) < rows <= sum(sizes)


def test_a_small_table_is_read_whole() -> None:
    assert sorted(_drawn(1000, 0)) == sorted(PARTS)
    assert list(sample([], lambda shard, part: [], len, 5, np.random.default_rng(0))) == []


def test_the_seed_chooses() -> None:
    assert _drawn(10, 1) == _drawn(10, 1)
    assert len({tuple(_drawn(10, seed)) for seed in range(5)}) > 1


def test_every_partition_is_drawn_as_often() -> None:
    firsts = [_drawn(1, seed)[0] for seed in range(1200)]
    counts = [firsts.count(part) for part in PARTS]
    assert min(counts) > 60 and max(counts) < 145  # 100 each; five standard deviations are 48
