"""Decodes the pending images of a partition into batches, ahead of use."""

import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa

from artsim import runtime
from artsim.archive import Table
from artsim.extract.pending_images import ImagesPartition, PendingImages
from artsim.vision.backbones import Input
from artsim.vision.check import BadImage
from artsim.vision.decode import decode
from artsim.vision.isolated_process import IsolatedProcess

_PREFETCHED_BATCHES = 3  # batches decoded while one is in the network

Row = tuple[str, str, str | None]  # id, sha256 and error, which is None if the image was decoded
Each = Callable[[Callable[..., Any], Iterable[Any]], Iterator[Any]]  # Python's map, or that of a thread pool


@dataclass(frozen=True)
class Batch:
    """Images of a partition: their rows, and the pixels for each input.

    The pixels are uint8 of shape (n, size, size, 3). ``read`` and ``decode`` are seconds spent.
    """

    rows: list[Row]
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
            if ahead and (batch is None or len(ahead) > _PREFETCHED_BATCHES):
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


def call_in_process(function: Callable[..., Any], *arguments: Any) -> Any:
    """Calls the decoder in this process."""
    return function(*arguments)


def decode_partition(
    row: pa.Table, decoding: Decoding, pending: PendingImages, attempts: Any, run: str
) -> dict[str, np.ndarray]:
    """Decodes the pending images of a partition, given as one row, in a Ray task; returns one row.

    Its column ``work`` is JSON: the ``partition``, its ``rows``, and the seconds to ``read`` and ``decode`` them. If
    there are rows, ``pixels_0``, ... hold their pixels for each input. After a lost worker, decodes in a subprocess.
    """
    partition = ImagesPartition(**row.to_pylist()[0])
    with runtime.Attempt(attempts, run, f"{partition} (decoding)") as attempt:
        call = IsolatedProcess() if attempt else call_in_process
        batches = list(decoding.batches(partition.shard, partition.name, pending.ids(partition), map, call))
    work = {
        "partition": asdict(partition),
        "rows": [row for batch in batches for row in batch.rows],
        "read": sum(batch.read for batch in batches),
        "decode": sum(batch.decode for batch in batches),
    }
    pixels = enumerate(zip(*(batch.pixels for batch in batches), strict=True))
    return {
        "work": np.array([json.dumps(work)], object),
        **{f"pixels_{number}": np.concatenate(arrays)[np.newaxis] for number, arrays in pixels},
    }
