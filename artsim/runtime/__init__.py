"""Uses Ray: connects to a cluster, runs work that survives changes of the cluster, and shows progress."""

from artsim.runtime.connection import connect, cpus, gpus, nodes
from artsim.runtime.metrics import count, gauge, spilled_bytes
from artsim.runtime.partitions import (
    Attempt,
    Attempts,
    dataset_of,
    process_partitions,
    result,
    results_of,
    start_attempts,
    start_worker,
    with_workers,
)
from artsim.runtime.progress import progress
from artsim.runtime.resources import beside_driver, room_for, wait_for, with_memory
from artsim.runtime.statistics import rows_of, take_statistics

__all__ = [
    "Attempt",
    "Attempts",
    "beside_driver",
    "connect",
    "count",
    "cpus",
    "dataset_of",
    "gauge",
    "gpus",
    "nodes",
    "process_partitions",
    "progress",
    "result",
    "results_of",
    "room_for",
    "rows_of",
    "spilled_bytes",
    "start_attempts",
    "start_worker",
    "take_statistics",
    "wait_for",
    "with_memory",
    "with_workers",
]
