"""The networks of a run on one device: from the pixels of a partition to its rows in the features tables."""

import threading
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import ray

from artsim.archive import Archive, features
from artsim.extract.decoding import Decoding, Row
from artsim.extract.pending_images import ImagesPartition, PendingImages
from artsim.extract.plan import Plan
from artsim.failures import among_counts, failures_of
from artsim.metrics.vectors import unit_length
from artsim.vision.backbones import Input
from artsim.vision.inference import Engine

NOT_FINITE = "the network's output holds NaN or infinity"
_BATCH = {"cpu": 8, "cuda": 128}  # images that are decoded and described together


@dataclass(frozen=True)
class Extraction:
    """What all workers of a run are given. Vectors have length 1 if ``unit``; ``run`` identifies the run."""

    pending: PendingImages
    archive: Archive
    plans: list[Plan]
    precision: str
    exact: bool
    unit: bool
    run: str

    @property
    def inputs(self) -> list[Input]:
        """The distinct inputs of the networks: each image is decoded once for each of them."""
        return list(dict.fromkeys(plan.input for plan in self.plans))

    def decoding(self, size: int) -> Decoding:
        """Returns how images are decoded, ``size`` at a time."""
        return Decoding(self.archive.table("images"), self.inputs, self.exact, size)


class Networks:
    """The networks of a run, loaded once; several threads may use them."""

    def __init__(self, extraction: Extraction) -> None:
        self._extraction = extraction
        precision = "float32" if extraction.exact else extraction.precision
        self._engines = [
            Engine(plan.network, plan.features, ray.get(plan.state), precision) for plan in extraction.plans
        ]
        self.batch = _BATCH[self._engines[0].device]
        self._one_at_a_time = threading.Lock()

    def vectors(self, pixels: list[np.ndarray]) -> list[np.ndarray]:
        """Returns float32 vectors (n, d) of each feature. ``pixels`` are uint8 (n, size, size, 3) for each input."""
        by_input = dict(zip(self._extraction.inputs, pixels, strict=True))
        with self._one_at_a_time:
            return [
                vector
                for plan, engine in zip(self._extraction.plans, self._engines, strict=True)
                for vector in engine(by_input[plan.input])
            ]

    def write(
        self, partition: ImagesPartition, rows: list[Row], vectors: list[np.ndarray], *, again: bool
    ) -> dict[str, Any]:
        """Writes the rows of a partition with the vectors of each feature; returns its counts.

        ``again``: a worker was lost during this partition. If it had written it, the stored counts are returned.
        """
        good = np.array([error is None for _, _, error in rows], bool)
        for block in vectors:
            good &= np.isfinite(block).all(1)
        errors = [None if fine else error or NOT_FINITE for fine, (_, _, error) in zip(good, rows, strict=True)]
        counts = {"rows": len(rows), "pending": max(partition.pending, len(rows)), "failed": int((~good).sum())}
        counts |= {**among_counts(failures_of(errors)), **(self._written(partition) if again else {})}
        if rows:  # empty if another run has just done the partition
            self._write(partition, rows, vectors, counts)
        return counts

    def _written(self, partition: ImagesPartition) -> dict[str, Any]:
        """Returns the counts that a lost worker wrote with the first feature of the partition."""
        extraction = self._extraction
        first = extraction.archive.table(f"features/{extraction.plans[0].features[0].name}")
        outcome = first.outcome(partition.shard, partition.name, extraction.run) or {}
        return {name: count for name, count in outcome.items() if name != "work"}

    def _write(
        self, partition: ImagesPartition, rows: list[Row], vectors: list[np.ndarray], counts: dict[str, Any]
    ) -> None:
        extraction = self._extraction
        ids, hashes, errors = (list(column) for column in zip(*rows, strict=True))
        kinds = [pair for plan in extraction.plans for pair in zip(plan.features, plan.dimensions, strict=True)]
        for (feature, length), values in zip(kinds, vectors, strict=True):
            if extraction.unit:
                values = unit_length(values)
            finite = np.isfinite(values).all(1)
            row_errors = [error or (None if fine else NOT_FINITE) for error, fine in zip(errors, finite, strict=True)]
            flat = pa.FixedSizeListArray.from_arrays(
                pa.array(values.ravel(), pa.float32()),
                length,
                mask=pa.array([error is not None for error in row_errors]),
            )
            table = extraction.archive.table(f"features/{feature.name}", features(length))
            new_rows = pa.table([ids, flat, row_errors, hashes], schema=table.schema)
            table.merge(partition.shard, partition.name, new_rows, {"work": extraction.run, **counts})
