"""Decodes the pending images of a partition into batches, ahead of use, in this process or on another machine."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa

from artsim.archive import Table
from artsim.vision.backbones import Input
from artsim.vision.check import BadImage
from artsim.vision.decode import decode

_AHEAD = 3  # batches decoded while one is in the network

Each = Callable[[Callable[..., Any], Iterable[Any]], Iterator[Any]]  # Python's map, or that of a thread pool


@dataclass(frozen=True)
class Batch:
    """Images of a partition: rows of id, sha256 and error (None if decoded), and the pixels for each input.

    The pixels are uint8 of shape (n, size, size, 3). ``read`` and ``decode`` are seconds spent.
    """

    rows: list[tuple[str, str, str | None]]
    pixels: list[np.ndarray]
    read: float
    decode: float


@dataclass(frozen=True)
class Decoding:
    """How to decode images: for each of the networks' inputs, in full if ``exact``, ``size`` images at a time."""

    images: Table
    inputs: Sequence[Input]
    exact: bool
    size: int

    def batches(self, shard: int, part: str, ids: list[str], each: Each, call: Callable[..., Any]) -> Iterator[Batch]:
        """Yields the images with these ids. ``each`` maps over them, ``call`` calls the decoder."""
        ahead: list[tuple[pa.Table, float, Iterator[Any]]] = []
        source = self.images.batches(shard, part, ["id", "bytes", "sha256"], ids, self.size)
        while True:
            started = time.monotonic()
            batch = next(source, None)
            seconds = time.monotonic() - started
            if batch is not None:
                ahead.append((batch, seconds, each(partial(self._decode, call), batch["bytes"])))
            if ahead and (batch is None or len(ahead) > _AHEAD):
                rows, seconds, decoded = ahead.pop(0)
                squares, errors, spent = zip(*decoded, strict=True)
                records = zip(rows["id"].to_pylist(), rows["sha256"].to_pylist(), errors, strict=True)
                yield Batch(
                    list(records), [np.stack(arrays) for arrays in zip(*squares, strict=True)], seconds, sum(spent)
                )
            elif batch is None:
                return

    def _decode(self, call: Callable[..., Any], data: pa.BinaryScalar) -> tuple[list[np.ndarray], str | None, float]:
        started = time.monotonic()
        try:
            squares, error = call(decode, data.as_py(), self.inputs, self.exact), None
        except BadImage as bad:
            squares = [np.zeros((wanted.size, wanted.size, 3), np.uint8) for wanted in self.inputs]
            error = bad.detail
        return squares, error, time.monotonic() - started


def elsewhere(decoding: Decoding, shard: int, part: str, ids: list[str]) -> Iterator[Batch]:
    """Yields the same batches from a Ray task on any machine with a free CPU; Ray prefers those without a GPU.

    The task reads the images itself, so only pixels are sent, once. It is never more than a few batches ahead.
    """
    import ray

    task: Any = ray.remote(_in_a_task).options(
        num_cpus=1, num_returns="streaming", max_retries=-1, _generator_backpressure_num_objects=_AHEAD
    )
    for reference in task.remote(decoding, shard, part, ids):
        yield ray.get(reference)


def _in_a_task(decoding: Decoding, shard: int, part: str, ids: list[str]) -> Iterator[Batch]:
    yield from decoding.batches(shard, part, ids, map, here)


def here(function: Callable[..., Any], *arguments: Any) -> Any:
    """Calls the decoder in this process."""
    return function(*arguments)
