"""Room on the cluster for what needs CPUs and GPUs; work that finds none says what it waits for."""

import logging
import time
from collections.abc import Mapping
from typing import Any

_log = logging.getLogger(__name__)

Needs = Mapping[str, float]  # of one process, by Ray's names: CPU, GPU

_FIRST, _AGAIN = 10.0, 60.0  # seconds until a wait is told of, and told of again


class Wait:
    """Tells now and then, while work waits for room, what it waits for."""

    def __init__(self, needs: Needs) -> None:
        self._needs = needs
        self._next = time.monotonic() + _FIRST

    def tell(self) -> None:
        """Called again and again while the wait lasts."""
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + _AGAIN
            _log.info("%s", waiting_for(self._needs))


def wait_for(needs: Needs) -> None:
    """Returns when the cluster has room for one process of such needs; for work that Ray itself places."""
    import ray

    free = ray.available_resources()
    if all(free.get(name, 0) >= amount for name, amount in needs.items()):
        return
    room: Any = ray.remote(_nothing)  # a task that waits as well, so that a cluster that can grow does
    waiting = [room.options(num_cpus=needs.get("CPU", 0), num_gpus=needs.get("GPU", 0)).remote()]
    wait = Wait(needs)
    while not ray.wait(waiting, timeout=1)[0]:
        wait.tell()


def _nothing() -> None: ...


def waiting_for(needs: Needs) -> str:
    """What the work waits for, in one line that says what to do about it."""
    import ray

    machines = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    big_enough = [m for m in machines if all(m.get(name, 0) >= amount for name, amount in needs.items())]
    wanted = _in_words(needs)
    if not big_enough:
        most = {name: max((machine.get(name, 0) for machine in machines), default=0) for name in needs}
        return f"waiting for a machine with {wanted}: the largest of {len(machines)} has {_in_words(most)}"
    free = {name: ray.available_resources().get(name, 0) for name in needs}
    return f"waiting for {wanted}: the cluster has {_in_words(free)} free, the rest is at work for others"


def _in_words(amounts: Needs) -> str:
    return (
        " and ".join(f"{amount:g} {name}{'s' if amount != 1 else ''}" for name, amount in amounts.items() if amount)
        or "nothing"
    )
