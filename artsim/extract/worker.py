"""Workers of the extraction: on CPUs they decode and describe; on GPUs they describe what tasks have decoded."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import torch

from artsim import runtime
from artsim.extract.decoding import Batch, Each, call_in_process
from artsim.extract.networks import Extraction, Networks, Row
from artsim.extract.pending_images import ImagesPartition
from artsim.vision.isolated_process import IsolatedProcess


class Extractor:
    """A worker on CPUs: decodes a partition on ``threads`` threads, ahead of the networks, and writes its vectors."""

    def __init__(self, extraction: Extraction, threads: int) -> None:
        torch.set_num_threads(threads)
        self._pending, self._networks = extraction.pending, Networks(extraction)
        self._decoding = extraction.decoding(self._networks.batch)
        self._each: Each = map if threads == 1 else ThreadPoolExecutor(threads).map  # two threads slow one CPU down
        self._isolated = IsolatedProcess()

    def process(self, partition: ImagesPartition, attempt: int) -> dict[str, Any]:
        """Extracts a partition; returns counts and seconds. After a lost worker, decodes in a subprocess."""
        seconds = dict.fromkeys(("read", "decode", "waiting", "forward", "write"), 0.0)
        rows: list[Row] = []
        vectors: list[list[np.ndarray]] = []
        call = self._isolated if attempt else call_in_process
        ids = self._pending.ids(partition)
        batches = self._decoding.batches(partition.shard, partition.name, ids, self._each, call)
        for batch, waited in _timed(batches):
            seconds["read"] += batch.read
            seconds["decode"] += batch.decode
            seconds["waiting"] += max(waited - batch.decode, 0.0) if self._each is map else waited
            started = time.monotonic()
            rows += batch.rows
            vectors.append(self._networks.vectors(batch.pixels))
            seconds["forward"] += time.monotonic() - started
        started = time.monotonic()
        whole = [np.concatenate(blocks) for blocks in zip(*vectors, strict=True)]
        counts = self._networks.write(partition, rows, whole, again=attempt > 0)
        seconds["write"] = time.monotonic() - started
        return {**counts, **seconds}


class GpuExtractor:
    """A worker on a GPU: describes the pixels of a partition and writes its vectors."""

    def __init__(self, extraction: Extraction, attempts: Any) -> None:
        self._run, self._attempts = extraction.run, attempts
        self._networks = runtime.start_worker(attempts, extraction.run, Networks, (extraction,))

    def __call__(self, row: dict[str, np.ndarray]) -> dict[str, list[str]]:
        """Returns the counts and seconds of a partition that ``decode_partition`` decoded."""
        work = json.loads(row["work"][0])
        partition = ImagesPartition(**work["partition"])
        with runtime.Attempt(self._attempts, self._run, str(partition)) as attempt:
            started = time.monotonic()
            vectors = self._networks.vectors(pixels_of(row)) if work["rows"] else []
            described = time.monotonic()
            counts = self._networks.write(partition, work["rows"], vectors, again=attempt > 0)
        seconds = {"forward": described - started, "write": time.monotonic() - described, "waiting": 0.0}
        return runtime.result({**counts, **seconds, "read": work["read"], "decode": work["decode"]})


def pixels_of(row: dict[str, np.ndarray]) -> list[np.ndarray]:
    """Returns the pixels for each input, uint8 (n, size, size, 3), from a row of ``decode_partition``."""
    count = sum(name.startswith("pixels_") for name in row)
    return [np.array(row[f"pixels_{number}"][0]) for number in range(count)]


def _timed(batches: Iterator[Batch]) -> Iterator[tuple[Batch, float]]:
    """Yields each batch with the seconds that it was waited for."""
    while True:
        started = time.monotonic()
        batch = next(batches, None)
        if batch is None:
            return
        yield batch, time.monotonic() - started
