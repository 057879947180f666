"""A worker of the extraction: reads a partition, decodes ahead, runs every network, commits the vectors."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import ray
import torch
from ray.exceptions import RayError

from artsim.archive import Archive, Work, features
from artsim.extract.decoding import Batch, Decoding, Each, elsewhere, here
from artsim.extract.plan import Plan
from artsim.failures import among_counts, failures_of
from artsim.metrics.vectors import unit_length
from artsim.vision.inference import Engine
from artsim.vision.isolated_process import IsolatedProcess

NOT_FINITE = "the network's output holds NaN or infinity"
_BATCH = {"cpu": 8, "cuda": 128}  # images decoded together


@dataclass(frozen=True)
class Part:
    """A partition of the images table with pending rows."""

    shard: int
    name: str
    pending: int


class Extractor:
    """A Ray actor that loads the networks once and processes partitions; returns counts and seconds of each.

    Vectors have length 1 if ``unit``; ``run`` identifies the extraction. ``threads`` is the number of decoding threads;
    if it is 0, Ray tasks decode on machines without a GPU, for several partitions at once.
    """

    def __init__(
        self,
        pending: Callable[[int, str], Iterator[Work]],
        archive: Archive,
        plans: list[Plan],
        precision: str,
        exact: bool,
        unit: bool,
        threads: int,
        run: str,
    ) -> None:
        if not torch.cuda.is_available():
            torch.set_num_threads(max(threads, 1))
        self.pending, self.archive, self.plans = pending, archive, plans
        self.unit, self.run = unit, run
        self.engines = [
            Engine(plan.network, plan.features, ray.get(plan.state), "float32" if exact else precision)
            for plan in plans
        ]
        inputs = list(dict.fromkeys(plan.input for plan in plans))
        self.decoding = Decoding(archive.table("images"), inputs, exact, _BATCH[self.engines[0].device])
        alone = threads <= 1 and not torch.cuda.is_available()  # with one CPU, threads would only slow each other down
        self.each: Each = map if alone else ThreadPoolExecutor(max(threads, 1)).map
        self.elsewhere = threads == 0
        self.apart = IsolatedProcess()
        self.one_at_a_time = threading.Lock()  # only one partition at a time uses the networks

    def begin(self) -> None:
        """Does nothing: the networks are already loaded."""

    def do(self, part: Part, deaths: int) -> dict[str, float]:
        """Extracts a partition. After ``deaths``, isolates decoding and reports counts that lost workers committed."""
        committed = self._told(part) if deaths else {}
        ids = [identifier for work in self.pending(part.shard, part.name) for identifier in work.ids]
        if self.elsewhere and not deaths:
            try:
                return self._describe(part, elsewhere(self.decoding, part.shard, part.name, ids), committed)
            except RayError:  # for example, an image crashed the task's process
                pass
        call = self.apart if deaths or self.elsewhere else here
        return self._describe(part, self.decoding.batches(part.shard, part.name, ids, self.each, call), committed)

    def _told(self, part: Part) -> dict[str, int]:
        """Returns the counts that a lost worker committed with the first feature of the partition."""
        first = self.archive.table(f"features/{self.plans[0].features[0].name}")
        outcome = first.outcome(part.shard, part.name, self.run) or {}
        return {name: count for name, count in outcome.items() if name != "work"}

    def _describe(self, part: Part, batches: Iterator[Batch], told: dict[str, int]) -> dict[str, float]:
        seconds = dict.fromkeys(("read", "decode", "waiting", "forward", "write"), 0.0)
        rows: list[tuple[str, str, str | None]] = []
        vectors: list[list[np.ndarray]] = [[] for plan in self.plans for _ in plan.features]
        while True:
            started = time.monotonic()
            batch = next(batches, None)
            waited = time.monotonic() - started
            if batch is None:
                break
            seconds["read"] += batch.read
            seconds["decode"] += batch.decode
            seconds["waiting"] += max(waited - batch.decode, 0.0) if self.each is map else waited
            rows += batch.rows
            with self.one_at_a_time:
                started = time.monotonic()
                for known, new in zip(vectors, self._forward(batch.pixels), strict=True):
                    known.append(new)
                seconds["forward"] += time.monotonic() - started
        started = time.monotonic()
        blocks = [np.concatenate(arrays) for arrays in vectors] if rows else []
        good = np.array([error is None for _, _, error in rows], bool)
        for block in blocks:
            good &= np.isfinite(block).all(1)
        failed = int((~good).sum())
        errors = [None if fine else error or NOT_FINITE for fine, (_, _, error) in zip(good, rows, strict=True)]
        counts = {"rows": len(rows), "pending": max(part.pending, len(rows)), "failed": failed}
        counts |= {**among_counts(failures_of(errors)), **told}
        if rows:  # empty if another run has just done the partition
            self._commit(part, rows, blocks, counts)
        seconds["write"] += time.monotonic() - started
        return {**counts, **seconds}

    def _forward(self, pixels: list[np.ndarray]) -> list[np.ndarray]:
        by_input = dict(zip(self.decoding.inputs, pixels, strict=True))
        return [
            vector
            for plan, engine in zip(self.plans, self.engines, strict=True)
            for vector in engine(by_input[plan.input])
        ]

    def _commit(
        self,
        part: Part,
        rows: list[tuple[str, str, str | None]],
        vectors: list[np.ndarray],
        counts: dict[str, int],
    ) -> None:
        ids, hashes, errors = (list(column) for column in zip(*rows, strict=True))
        kinds = [(f, length) for plan in self.plans for f, length in zip(plan.features, plan.dimensions, strict=True)]
        for (feature, length), values in zip(kinds, vectors, strict=True):
            if self.unit:
                values = unit_length(values)
            finite = np.isfinite(values).all(1)
            row_errors = [error or (None if fine else NOT_FINITE) for error, fine in zip(errors, finite, strict=True)]
            flat = pa.FixedSizeListArray.from_arrays(
                pa.array(values.ravel(), pa.float32()),
                length,
                mask=pa.array([error is not None for error in row_errors]),
            )
            table = self.archive.table(f"features/{feature.name}", features(length))
            new_rows = pa.table([ids, flat, row_errors, hashes], schema=table.schema)
            table.merge(part.shard, part.name, new_rows, {"work": self.run, **counts})
