"""Uses Ray: connects to a cluster, runs work that survives changes of the cluster, and shows progress."""

from artsim.runtime.connection import connect, cpus, gpus, nodes, silence_ray_data
from artsim.runtime.metrics import count, gauge, spilled_bytes
from artsim.runtime.pool import Pool
from artsim.runtime.progress import progress
from artsim.runtime.resources import beside_driver, room_for, wait_for, with_memory

__all__ = [
    "Pool",
    "beside_driver",
    "connect",
    "count",
    "cpus",
    "gauge",
    "gpus",
    "nodes",
    "progress",
    "room_for",
    "silence_ray_data",
    "spilled_bytes",
    "wait_for",
    "with_memory",
]
