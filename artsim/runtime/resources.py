"""Finds room on the cluster for processes that need CPUs and GPUs, places them, and logs what work waits for."""

import logging
import time
from collections.abc import Mapping
from typing import Any

from artsim.runtime.connection import nodes

_log = logging.getLogger(__name__)

Needs = Mapping[str, float]  # resources of one process by Ray's names: CPU, GPU, memory in bytes

_FIRST_LOG_AFTER, _LOG_INTERVAL = 20.0, 60.0  # seconds until a wait is logged, and logged again


class WaitLog:
    """Logs at intervals what work is waiting for."""

    def __init__(self, needs: Needs) -> None:
        self._needs = needs
        self._next = time.monotonic() + _FIRST_LOG_AFTER

    def log_if_due(self) -> None:
        """Logs a line if one is due. Call it repeatedly while the wait lasts."""
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + _LOG_INTERVAL
            _log.info("%s", waiting_for(self._needs))


def with_memory(needs: Needs, nbytes: int) -> Needs:
    """Returns the needs with ``nbytes`` of memory, which Ray then reserves for the process.

    Adds no more than the smallest machine has, so that every machine can take part. Adds none if a machine does not
    report its memory or there is no machine yet: an autoscaling cluster would never grow for such a request.
    """
    memory = [node["memory"] for node in nodes() if node["CPU"]]
    return {**needs, "memory": min(nbytes, *memory)} if memory and all(memory) else needs


def room_for(needs: Needs, *, alive: bool = False) -> int:
    """Returns how many processes with these needs fit on the machines; at least 1, which may have to wait.

    ``alive`` leaves out machines that have not started.
    """
    needed = {unit: amount for unit, amount in needs.items() if amount}
    return max(sum(min(int(node[unit] // amount) for unit, amount in needed.items()) for node in nodes(alive=alive)), 1)


def wait_for(needs: Needs) -> None:
    """Waits until the cluster has room for one process with these needs; for work that Ray itself places."""
    import ray

    free = ray.available_resources()
    if all(free.get(name, 0) >= amount for name, amount in needs.items()):
        return
    task: Any = ray.remote(_no_op)  # a waiting task makes an autoscaling cluster grow
    waiting = [task.options(num_cpus=needs.get("CPU", 0), num_gpus=needs.get("GPU", 0)).remote()]
    wait = WaitLog(needs)
    while not ray.wait(waiting, timeout=1)[0]:
        wait.log_if_due()


def _no_op() -> None: ...


def waiting_for(needs: Needs) -> str:
    """Returns one line that says what the work waits for and what the cluster has."""
    import ray

    machines = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    needs = {name: amount for name, amount in needs.items() if amount}
    big_enough = [
        machine for machine in machines if all(machine.get(name, 0) >= amount for name, amount in needs.items())
    ]
    needed = _in_words(needs)
    if not big_enough:
        largest = {name: max((machine.get(name, 0) for machine in machines), default=0) for name in needs}
        return (
            f"waiting for a machine with {needed}: the largest of {len(machines)} running now has {_in_words(largest)}"
        )
    unused = ray.available_resources()
    free = {name: unused.get(name, 0) for name in needs if unused.get(name, 0) < needs[name]} or {"CPU": 0}
    return f"waiting for {needed}: {_in_words(free)} free, the rest is in use or starting"


def _in_words(amounts: Needs) -> str:
    parts = [
        f"{amount / 1e9:.1f} GB of memory" if name == "memory" else f"{amount:g} {name}{'s' if amount != 1 else ''}"
        for name, amount in amounts.items()
        if amount
    ]
    return " and ".join(parts) or f"no {' and no '.join(amounts)}"


def beside_driver() -> dict[str, Any]:
    """Returns options of an actor without CPUs on the driver's machine, for actors that a whole run depends on.

    If that machine is lost, the run ends anyway.
    """
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    strategy = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
    return {"num_cpus": 0, "scheduling_strategy": strategy}
