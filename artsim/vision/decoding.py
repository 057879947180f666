"""The pending images of one part as batches of pixels, decoded ahead of who uses them; here, or on another machine."""

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

Each = Callable[[Callable[..., Any], Iterable[Any]], Iterator[Any]]  # map: the one of Python, or of threads


@dataclass(frozen=True)
class Batch:
    """Images of a part: rows of id, sha256 and error (None if decoded); for each input uint8 pixels (n, size, size, 3).

    ``read`` and ``decode`` are the seconds that went to them.
    """

    rows: list[tuple[str, str, str | None]]
    pixels: list[np.ndarray]
    read: float
    decode: float


@dataclass(frozen=True)
class Decoding:
    """What to decode images to: for each of the networks' inputs, in full if ``exact``, ``size`` images at a time."""

    images: Table
    inputs: Sequence[Input]
    exact: bool
    size: int

    def batches(self, shard: int, part: str, ids: list[str], each: Each, call: Callable[..., Any]) -> Iterator[Batch]:
        """The images of these ids. ``each`` maps over them, ``call`` calls the decoder."""
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
                names = zip(rows["id"].to_pylist(), rows["sha256"].to_pylist(), errors, strict=True)
                yield Batch(list(names), [np.stack(some) for some in zip(*squares, strict=True)], seconds, sum(spent))
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
    """The same from a task on whatever machine has a CPU to spare, Ray prefers those without a GPU.

    The task reads the images itself, so that only pixels travel, once; it is never more than a few batches ahead.
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
