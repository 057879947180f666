"""Partitions on Ray Data while machines join and leave, workers die, and work fails."""

import asyncio
import logging
import os
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import ray
from ray.cluster_utils import Cluster

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
    runtime.connect(data=True)
    yield two_nodes
    ray.shutdown()
    two_nodes.shutdown()


@dataclass(frozen=True)
class Item:
    """A partition of these tests."""

    number: int
    what: str = ""


def _items(count: int) -> list[Item]:
    return [Item(number) for number in range(count)]


class Worker:
    """Multiplies its partition's number."""

    def __init__(self, factor: int, broken: bool = False) -> None:
        self.factor = factor
        if broken:
            raise ValueError("no weights")

    def process(self, item: Item, attempt: int) -> dict[str, Any]:
        if item.what == "kills" or (item.what == "kills once" and not attempt):
            os.abort()
        if item.what == "fails":
            raise KeyError("what a job does wrong")
        time.sleep(0.2)
        node = ray.get_runtime_context().get_node_id()
        return {"value": item.number * self.factor, "attempt": attempt, "node": node}


class DyingWorker(Worker):
    """Its process dies while it starts."""

    def __init__(self, factor: int) -> None:
        os.abort()


class AsyncWorker:
    """Waits for its partitions all at once, in one event loop."""

    def __init__(self, _: int) -> None:
        self.open, self.most = 0, 0

    async def process(self, item: Item, attempt: int) -> dict[str, Any]:
        self.open += 1
        self.most = max(self.most, self.open)
        await asyncio.sleep(0.5)
        self.open -= 1
        return {"value": item.number, "most": self.most}


def _results(items: list[Item], worker: type = Worker, *arguments: Any, **options: Any) -> Iterator[dict[str, Any]]:
    how = {"attempts": runtime.start_attempts(), "needs": {"CPU": 1}, "workers": runtime.cpus(), **options}
    return runtime.process_partitions(items, worker, arguments or (1,), **how)


def test_every_partition_is_processed_once_despite_a_lost_machine(machines: Cluster) -> None:
    results = []
    for result in _results(_items(40), Worker, 3):
        results.append(result)
        if len(results) == 8:
            machines.remove_node(next(iter(machines.worker_nodes)), allow_graceful=False)
    assert sorted(result["value"] for result in results) == [3 * number for number in range(40)]
    assert len({result["node"] for result in results}) == 2
    machines.add_node(num_cpus=1)


def test_a_new_machine_gets_a_worker(machines: Cluster) -> None:
    results = []
    for result in _results(_items(300)):
        results.append(result)
        if len(results) == 4:
            machines.add_node(num_cpus=1)
    assert len({result["node"] for result in results}) == 3
    machines.remove_node(next(iter(machines.worker_nodes)))


def test_a_partition_that_kills_a_worker_is_retried_with_its_attempt_number(machines: Cluster) -> None:
    results = list(_results([Item(1), Item(3, "kills once"), Item(2)]))
    assert sorted((result["value"], result["attempt"]) for result in results) == [(1, 0), (2, 0), (3, 1)]


def test_a_partition_that_kills_every_worker_ends_the_run(machines: Cluster) -> None:
    with pytest.raises(RuntimeError, match=r"5 workers died while processing Item\(number=7, what='kills'\)"):
        list(_results([Item(7, "kills")]))


def test_a_worker_that_dies_while_it_starts_ends_the_run(machines: Cluster) -> None:
    with pytest.raises(Exception, match="5 workers died while processing the start of worker"):
        list(_results(_items(3), DyingWorker, 1))


def test_the_settings_of_other_datasets_are_unchanged(machines: Cluster) -> None:
    context, logger = ray.data.DataContext.get_current(), logging.getLogger("ray.data")
    before = (context.target_max_block_size, context.enable_progress_bars, logger.level, set(logger.handlers))
    list(_results(_items(1)))
    context = ray.data.DataContext.get_current()
    after = (context.target_max_block_size, context.enable_progress_bars, logger.level, set(logger.handlers))
    assert after == before


def test_an_exception_ends_the_run_unchanged(machines: Cluster) -> None:
    with pytest.raises(KeyError, match="what a job does wrong"):
        list(_results([Item(1, "fails")]))
    with pytest.raises(Exception, match="no weights"):
        list(_results(_items(1), Worker, 1, True))


def test_an_async_worker_has_many_partitions_at_once(machines: Cluster) -> None:
    results = list(_results(_items(40), AsyncWorker, max_concurrent=16))
    assert sorted(result["value"] for result in results) == list(range(40))
    assert max(result["most"] for result in results) == 16


def test_few_partitions_are_shared_equally(machines: Cluster) -> None:
    results = list(_results(_items(8), AsyncWorker, max_concurrent=16))
    assert len(results) == 8
    assert max(result["most"] for result in results) == 4


def test_more_partitions_than_blocks(machines: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that is lost repeats the whole block; partitions that had ended before are known to be repeated."""
    monkeypatch.setattr("artsim.runtime.partitions._MAX_BLOCKS", 3)
    items = [Item(number, "kills once" if number == 6 else "") for number in range(20)]
    results = list(_results(items))
    assert sorted(result["value"] for result in results) == list(range(20))
    assert {result["attempt"] for result in results if result["value"] == 6} == {1}
    assert {result["attempt"] for result in results if result["value"] > 6} == {0}
    assert sorted(result["value"] for result in _results(_items(20), AsyncWorker, max_concurrent=4)) == list(range(20))


def test_a_wait_for_resources_is_logged(machines: Cluster) -> None:
    assert waiting_for({"CPU": 4, "GPU": 1}) == (
        "waiting for a machine with 4 CPUs and 1 GPU: the largest of 2 running now has 1 CPU"
    )
    with _both_machines_taken() as release:
        assert waiting_for({"CPU": 1}) == ("waiting for 1 CPU: no CPU free, the rest is in use or starting")
        release()


def test_wait_for_returns_when_resources_are_free(machines: Cluster) -> None:
    runtime.wait_for({"CPU": 1})
    with _both_machines_taken() as release:
        freed = threading.Event()
        threading.Timer(3.0, lambda: (freed.set(), release())).start()
        runtime.wait_for({"CPU": 1})
        assert freed.is_set()


def test_a_run_logs_what_it_waits_for(
    machines: Cluster, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("artsim.runtime.resources._FIRST_LOG_AFTER", 1.0)
    with _both_machines_taken() as release, caplog.at_level(logging.INFO):
        threading.Timer(8.0, release).start()
        assert len(list(_results(_items(1)))) == 1
    assert "waiting for 1 CPU" in caplog.text


class _both_machines_taken:  # noqa: N801  # used as a function
    """Holds the CPU of both machines until ``release`` is called."""

    def __enter__(self) -> Any:
        self._holders = [ray.remote(_Holder).options(num_cpus=1).remote() for _ in range(2)]
        ray.get([holder.held.remote() for holder in self._holders])
        time.sleep(1)
        return self._release

    def _release(self) -> None:
        for holder in self._holders:
            ray.kill(holder)

    def __exit__(self, *_: object) -> None:
        self._release()


class _Holder:
    def held(self) -> None: ...
