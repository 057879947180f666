"""Seeded samples of a table: whole partitions in random order, so that only a part of a large table is read."""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import numpy as np

Rows = TypeVar("Rows")


def sample(
    parts: Sequence[tuple[int, str]],
    read: Callable[[int, str], Rows],
    count: Callable[[Rows], int],
    rows: int,
    rng: np.random.Generator,
) -> Iterator[Rows]:
    """Yields the content of random partitions until they have at least ``rows`` rows, or all of them.

    ``parts`` are shard and name of each partition, ``read`` returns the content of one, and ``count`` says how many of
    its rows can be used. Ids are cut into shards by a hash, so a partition is a sample of its collection.
    """
    total = 0
    for index in rng.permutation(len(parts)):
        content = read(*parts[index])
        yield content
        total += count(content)
        if total >= rows:
            return
