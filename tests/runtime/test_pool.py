"""A pool of actors that processes items while machines join and leave."""

import logging
import os
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import ray
from ray.cluster_utils import Cluster
from ray.exceptions import RayActorError, RayTaskError

from artsim import runtime
from artsim.runtime.resources import waiting_for

pytestmark = [pytest.mark.slow, pytest.mark.timeout(200)]


@pytest.fixture(scope="module")
def machines() -> Iterator[Cluster]:
    """Two machines with one CPU each."""
    ray.shutdown()
    two_nodes = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    two_nodes.add_node(num_cpus=1)
    ray.init(address=two_nodes.address, logging_level=logging.ERROR, log_to_driver=False)
    yield two_nodes
    ray.shutdown()
    two_nodes.shutdown()


@ray.remote(num_cpus=1)
class Worker:
    def __init__(self, broken: bool = False) -> None:
        if broken:
            raise ValueError("no weights")

    def begin(self, factor: int) -> None:
        self.factor = factor

    def do(self, item: Any, deaths: int) -> tuple[int, str, int]:
        if item == "kills":
            os.abort()
        if item == "kills once" and not deaths:
            os.abort()
        if item == "kills late" and not deaths:
            time.sleep(1)
            os.abort()
        time.sleep(0.2)
        if item == "fails":
            raise KeyError("what a job does wrong")
        return item if isinstance(item, str) else item * self.factor, ray.get_runtime_context().get_node_id(), deaths


def _pool(**arguments: Any) -> runtime.Pool:
    return runtime.Pool(lambda: Worker.remote(**arguments), {"CPU": 1}, runtime.cpus)  # type: ignore[attr-defined]


def test_every_item_once_though_a_machine_is_lost(machines: Cluster) -> None:
    results, pool = [], _pool()
    for result in pool.stream(range(40), 3):
        results.append(result)
        if len(results) == 8:
            machines.remove_node(next(iter(machines.worker_nodes)), allow_graceful=False)
    assert sorted(value for value, _, _ in results) == [3 * item for item in range(40)]
    assert len({node for _, node, _ in results[-8:]}) == 1
    machines.add_node(num_cpus=1)


def test_a_machine_that_comes_is_put_to_work_and_stays_for_the_next_stream(machines: Cluster) -> None:
    results, pool = [], _pool()
    for result in pool.stream(range(80), 1):
        results.append(result)
        if len(results) == 4:
            machines.add_node(num_cpus=1)
    assert len({node for _, node, _ in results}) == 3
    assert {value for value, _, _ in pool.stream(range(5), 2)} == {0, 2, 4, 6, 8}
    machines.remove_node(next(iter(machines.worker_nodes)))


def test_what_kills_a_worker_is_tried_again_and_told_so(machines: Cluster) -> None:
    results = list(_pool().stream([1, "kills once", 2], 1))
    assert sorted((str(value), deaths) for value, _, deaths in results) == [("1", 0), ("2", 0), ("kills once", 1)]


def test_what_the_last_worker_at_work_leaves_goes_to_one_that_is_idle(machines: Cluster) -> None:
    results = list(_pool().stream(["kills late", 1], 1))
    assert sorted(str(value) for value, _, _ in results) == ["1", "kills late"]


def test_what_kills_every_worker_ends_the_stream(machines: Cluster) -> None:
    with pytest.raises(RuntimeError, match="5 workers died while processing kills"):
        list(_pool().stream(["kills"], 1))


def test_what_fails_fails_at_once(machines: Cluster) -> None:
    with pytest.raises(RayTaskError, match="what a job does wrong"):
        list(_pool().stream(["fails"], 1))
    with pytest.raises(RayActorError, match="no weights"):
        list(_pool(broken=True).stream([1], 1))


def test_what_finds_no_room_says_what_it_waits_for(machines: Cluster) -> None:
    assert waiting_for({"CPU": 4, "GPU": 1}) == (
        "waiting for a machine with 4 CPUs and 1 GPU: the largest of 2 running now has 1 CPU"
    )
    taken = [Worker.remote() for _ in range(2)]  # type: ignore[attr-defined]
    ray.get([worker.begin.remote(1) for worker in taken])
    time.sleep(1)
    assert waiting_for({"CPU": 1}) == "waiting for 1 CPU: the cluster has no CPU free, the rest is in use or starting"


def test_work_that_ray_places_waits_for_room(machines: Cluster) -> None:
    runtime.wait_for({"CPU": 1})
    taken = [Worker.remote() for _ in range(2)]  # type: ignore[attr-defined]
    ray.get([worker.begin.remote(1) for worker in taken])
    freed = threading.Event()

    def free() -> None:
        freed.set()
        for worker in taken:
            ray.kill(worker)

    threading.Timer(3.0, free).start()
    runtime.wait_for({"CPU": 1})
    assert freed.is_set()


def test_a_stream_says_so_while_it_waits(
    machines: Cluster, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("artsim.runtime.resources._FIRST", 1.0)
    taken = [Worker.remote() for _ in range(2)]  # type: ignore[attr-defined]
    ray.get([worker.begin.remote(1) for worker in taken])
    threading.Timer(5.0, lambda: [ray.kill(worker) for worker in taken]).start()
    with caplog.at_level(logging.INFO):
        assert len(list(_pool().stream([1], 1))) == 1
    assert "waiting for 1 CPU" in caplog.text
