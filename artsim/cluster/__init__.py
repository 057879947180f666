"""Uses Ray: connects to a cluster, runs work that survives changes of the cluster, and shows progress."""

from artsim.cluster.beside import beside_driver
from artsim.cluster.connection import connect, cpus, gpus, nodes, silence_ray_data
from artsim.cluster.counters import count, gauge
from artsim.cluster.pool import Pool
from artsim.cluster.progress import progress
from artsim.cluster.room import room_for, wait_for, with_memory
from artsim.cluster.spilling import spilled_bytes

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
