"""The number of processes that share a training, and what each gets of the cluster."""

from typing import NamedTuple

from artsim import runtime
from artsim.errors import UserError


class Workers(NamedTuple):
    """The least and most workers. In between, a training takes what the cluster has and continues with less."""

    least: int
    most: int

    def __str__(self) -> str:
        return f"{self.least}" if self.least == self.most else f"{self.least}:{self.most}"


ALONE = Workers(1, 1)
_MAX_WORKERS = 1 << 20  # more is a typing error
_HEADS_PER_GPU = 8  # heads at a time at most: they are small, but each has its own process


def parse_workers(text: str) -> Workers:
    """Parses ``2`` or ``1:4``."""
    least, _, most = text.partition(":")
    try:
        workers = Workers(int(least), int(most or least))
    except ValueError as error:
        raise UserError(f"{text}: must be a number, or two numbers as in 1:4") from error
    if not 1 <= workers.least <= workers.most:
        raise UserError(f"{text}: must be 1 or more, and the first number not above the second")
    if workers.most > _MAX_WORKERS:
        raise UserError(f"{text}: must be {_MAX_WORKERS} or less")
    return workers


def resources_per_worker(workers: Workers) -> dict[str, int]:
    """Returns the CPUs and GPUs of each worker, so that all fit on the machines. User error if these are too few."""
    nodes, gpus = runtime.nodes(), runtime.gpus()
    for available, unit in ((runtime.cpus(), "CPUs"), (gpus, "GPUs")):
        if available and workers.least > available:
            raise UserError(f"`workers` {workers}: the cluster has {available} {unit}")
    if gpus:
        return {"CPU": max(min(node["CPU"] // node["GPU"] for node in nodes if node["GPU"]), 1), "GPU": 1}
    most = min(workers.most, runtime.cpus())
    fits = [cpus for cpus in range(1, runtime.cpus() + 1) if sum(node["CPU"] // cpus for node in nodes) >= most]
    return {"CPU": max(fits, default=1), "GPU": 0}


def resources_of_head_task() -> dict[str, float]:
    """Returns what one head takes of the cluster, as options of a Ray task: a CPU, and a share of a GPU if any."""
    gpus = runtime.gpus()
    return {"num_cpus": 1, "num_gpus": min(max(gpus / runtime.cpus(), 1 / _HEADS_PER_GPU), 1) if gpus else 0}
