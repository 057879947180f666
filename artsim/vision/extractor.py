"""What a worker of the extraction does: reads a part, decodes ahead, runs every network, commits the vectors."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pyarrow as pa
import ray
import torch

from artsim.archive import Archive, Work, features
from artsim.vision.check import BadImage
from artsim.vision.decode import decode
from artsim.vision.engine import Engine
from artsim.vision.plan import Plan

_BATCH = {"cpu": 8, "cuda": 128}  # images decoded together
_DECODE_AHEAD = 3  # batches decoded while one is in the network
PHASES = ("read", "decode", "forward", "write")


class Extractor:
    """A Ray actor's state: the networks, loaded once. Called with one part at a time; returns counts and seconds."""

    def __init__(
        self,
        pending: Callable[[int, str], Iterator[Work]],
        archive: Archive,
        plans: list[Plan],
        precision: str,
        exact: bool,
        threads: int,
    ) -> None:
        if not torch.cuda.is_available():
            torch.set_num_threads(threads)
        self.images = archive.table("images")
        self.pending, self.archive, self.plans, self.exact = pending, archive, plans, exact
        self.inputs = list(dict.fromkeys(plan.input for plan in plans))
        self.engines = [
            Engine(plan.network, plan.features, ray.get(plan.state), "float32" if exact else precision)
            for plan in plans
        ]
        self.batch = _BATCH[self.engines[0].device]
        self.pool = ThreadPoolExecutor(threads)

    def __call__(self, works: dict[str, np.ndarray]) -> dict[str, list[Any]]:
        """Works on the part that the batch, of one row, names."""
        shard, part = int(works["shard"][0]), str(works["part"][0])
        ids = [identifier for work in self.pending(shard, part) for identifier in work.ids]
        seconds = dict.fromkeys(PHASES, 0.0)
        rows: list[tuple[str, str, str | None]] = []
        vectors: list[list[np.ndarray]] = [[] for plan in self.plans for _ in plan.features]
        for some, pixels in self._decoded(shard, part, ids, seconds):
            rows += some
            started = time.monotonic()
            outcome = [
                vector
                for plan, engine in zip(self.plans, self.engines, strict=True)
                for vector in engine(pixels[self.inputs.index(plan.input)])
            ]
            for known, new in zip(vectors, outcome, strict=True):
                known.append(new)
            seconds["forward"] += time.monotonic() - started
        started = time.monotonic()
        if rows:  # none is left where another run has just done the part
            self._commit(shard, part, rows, [np.concatenate(blocks) for blocks in vectors])
        seconds["write"] += time.monotonic() - started
        failed = sum(error is not None for _, _, error in rows)
        return {
            "rows": [len(rows)],
            "pending": [max(int(works["pending"][0]), len(rows))],
            "failed": [failed],
            **{phase: [value] for phase, value in seconds.items()},
        }

    def _decoded(self, shard: int, part: str, ids: list[str], seconds: dict[str, float]) -> Iterator[Any]:
        """Batches of (id, sha256, error) and of pixels for each input; a few are decoded ahead of the network."""
        ahead: list[Any] = []
        source = self.images.batches(shard, part, ["id", "bytes", "sha256"], ids, self.batch)
        while True:
            started = time.monotonic()
            batch = next(source, None)
            seconds["read"] += time.monotonic() - started
            if batch is not None:
                ahead.append((batch, [self.pool.submit(self._decode, data) for data in batch["bytes"]]))
            if ahead and (batch is None or len(ahead) > _DECODE_AHEAD):
                rows, futures = ahead.pop(0)
                outcomes = [future.result() for future in futures]
                seconds["decode"] += sum(outcome[2] for outcome in outcomes)
                pixels = [np.stack(squares) for squares in zip(*(outcome[0] for outcome in outcomes), strict=True)]
                errors = [outcome[1] for outcome in outcomes]
                yield list(zip(rows["id"].to_pylist(), rows["sha256"].to_pylist(), errors, strict=True)), pixels
            elif batch is None:
                return

    def _decode(self, data: pa.BinaryScalar) -> tuple[list[np.ndarray], str | None, float]:
        started = time.monotonic()
        try:
            squares, error = decode(data.as_buffer(), self.inputs, self.exact), None
        except BadImage as bad:
            squares = [np.zeros((wanted.size, wanted.size, 3), np.uint8) for wanted in self.inputs]
            error = bad.detail
        return squares, error, time.monotonic() - started

    def _commit(
        self, shard: int, part: str, rows: list[tuple[str, str, str | None]], vectors: list[np.ndarray]
    ) -> None:
        ids, hashes, errors = (list(column) for column in zip(*rows, strict=True))
        kinds = [(f, length) for plan in self.plans for f, length in zip(plan.features, plan.dimensions, strict=True)]
        for (feature, length), values in zip(kinds, vectors, strict=True):
            flat = pa.FixedSizeListArray.from_arrays(
                pa.array(values.ravel(), pa.float32()),
                length,
                mask=pa.array([error is not None for error in errors]),
            )
            table = self.archive.table(f"features/{feature.name}", features(length))
            table.merge(shard, part, pa.table([ids, flat, errors, hashes], schema=table.schema))
