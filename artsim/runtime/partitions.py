"""Processes partitions on Ray Data: one call of a worker and one result for each partition.

Ray Data restarts workers that are lost and repeats their calls wherever the cluster has room. On its own it would
repeat a partition that kills its worker forever; ``Attempts`` counts earlier tries for the workers and ends such a run.
"""

import contextlib
import inspect
import json
import threading
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from artsim.runtime.data_settings import data_settings
from artsim.runtime.resources import Needs, WaitLog, beside_driver, room_for
from artsim.runtime.statistics import rows_of

if TYPE_CHECKING:
    from ray.data import Dataset

_MAX_ATTEMPTS = 5  # workers that may be lost during one partition
_CHECK_INTERVAL = 2.0  # seconds between two checks whether any worker is busy
_MAX_BLOCKS = 4096  # the driver makes them before the run starts, in half a millisecond each
_MAX_WORKERS = 10_000


class Attempts:
    """Counts how often each partition was begun and not ended, and knows the nodes where partitions are in progress.

    One actor on the driver's machine serves all workers of a run.
    """

    def __init__(self) -> None:
        self._started: Counter[str] = Counter()
        self._ended: Counter[str] = Counter()
        self._in_progress: dict[str, str] = {}  # by partition: the node

    def record_start(self, partition: str, node: str) -> tuple[int, int]:
        """Returns how often the partition was begun before, and how often its worker was lost then.

        ``partition`` is its name, which starts with that of the run.
        """
        tries, lost = self._started[partition], self._started[partition] - self._ended[partition]
        self._started[partition] += 1
        self._in_progress[partition] = node
        return tries, lost

    def record_end(self, partition: str) -> None:
        """Records that a worker has returned from the partition."""
        self._ended[partition] += 1
        self._in_progress.pop(partition, None)

    def nodes(self, run: str) -> set[str]:
        """Returns the nodes with partitions in progress. A lost node is among them until its partitions end."""
        return {node for partition, node in self._in_progress.items() if partition.startswith(run)}


def start_attempts() -> Any:
    """Starts ``Attempts`` as an actor on the driver's machine."""
    import ray

    return ray.remote(Attempts).options(max_restarts=-1, max_task_retries=-1, **beside_driver()).remote()


def dataset_of(rows: Sequence[dict[str, Any]], blocks: int = _MAX_BLOCKS) -> "Dataset":
    """Returns a dataset of rows, of strings and numbers, in at most ``blocks`` blocks.

    They are in the object store, so no reading task needs a CPU.
    """
    import ray

    with data_settings():
        return ray.data.from_items(list(rows), override_num_blocks=min(len(rows), blocks))


def with_workers(
    dataset: "Dataset",
    worker: type,
    arguments: Sequence[Any],
    *,
    needs: Needs,
    workers: int,
    max_workers: int | None = None,
    max_concurrent: int = 1,
    batch_format: str = "pyarrow",
) -> "Dataset":
    """Maps each row to a result, with ``worker(*arguments)`` as actors that have ``max_concurrent`` blocks at a time.

    The pool begins with ``workers`` actors and grows to ``max_workers`` if the cluster does; Ray Data spreads them over
    the nodes. ``batch_format`` is the form in which the worker gets a row.
    """
    from ray.data import ActorPoolStrategy

    max_workers = min(max_workers or _MAX_WORKERS, _MAX_WORKERS)
    pool = ActorPoolStrategy(
        min_size=1,
        initial_size=min(workers, max_workers),
        max_size=max_workers,
        max_tasks_in_flight_per_actor=max_concurrent,
        max_concurrent_calls_per_actor=max_concurrent,
        enable_true_multi_threading=True,
    )
    return dataset.map_batches(
        worker,
        fn_constructor_args=tuple(arguments),
        compute=pool,
        batch_size=1,
        batch_format=batch_format,
        num_cpus=needs.get("CPU", 0),
        num_gpus=needs.get("GPU") or None,
        memory=needs.get("memory"),
    )


def process_partitions(
    partitions: Sequence[Any],
    worker: type,
    arguments: Sequence[Any],
    *,
    attempts: Any,
    needs: Needs,
    workers: int,
    max_workers: int | None = None,
    max_concurrent: int = 1,
) -> Iterator[dict[str, Any]]:
    """Yields the result of every partition as it completes.

    ``worker(*arguments)`` is an actor; its method ``process(partition, attempt)``, plain or async, returns a result
    that JSON can hold. ``attempt`` is 0, or the number of earlier tries, whose workers were lost before their result
    arrived: because of the partition, or with their machine. Raises RuntimeError if too many workers are lost during
    one partition or while they start, and what ``process`` raises. Each worker has up to ``max_concurrent`` partitions
    at a time, and an equal share of them if they are few.
    """
    share = -(-min(len(partitions), _MAX_BLOCKS) // min(workers, room_for(needs, alive=True)))
    run = uuid.uuid4().hex
    calls = _AsyncCalls if inspect.iscoroutinefunction(worker.process) else _WorkerCalls  # type: ignore[attr-defined]
    dataset = with_workers(
        dataset_of([asdict(partition) for partition in partitions]),
        type(worker.__name__, (calls,), {}),  # Ray's dashboard and statistics show this name
        (attempts, run, type(partitions[0]), worker, tuple(arguments)),
        needs=needs,
        workers=min(workers, len(partitions)),
        max_workers=max_workers,
        max_concurrent=min(max_concurrent, share),
    )
    return results_of(dataset, attempts, run, needs)


def results_of(dataset: "Dataset", attempts: Any, run: str, needs: Needs) -> Iterator[dict[str, Any]]:
    """Yields the results that the workers of a dataset return. Logs what the work waits for while no worker is busy."""
    with _log_waits(attempts, run, needs):
        for row in rows_of(dataset):
            yield json.loads(row["result"])


def result(values: dict[str, Any]) -> dict[str, list[str]]:
    """Returns a result as a batch of one row, as ``results_of`` reads it."""
    return {"result": [json.dumps(values)]}


class Attempt:
    """``with Attempt(attempts, run, partition) as number:`` marks one try of a partition in a run.

    ``number`` is that of the earlier tries. Raises RuntimeError if too many workers were lost during the partition.
    """

    def __init__(self, attempts: Any, run: str, partition: str) -> None:
        import ray

        self._attempts, self._partition = attempts, partition
        self._key = f"{run} {partition}"
        self._node = ray.get_runtime_context().get_node_id()

    def __enter__(self) -> int:
        import ray

        return self._checked(*ray.get(self._attempts.record_start.remote(self._key, self._node)))

    def __exit__(self, *_: object) -> None:
        self._attempts.record_end.remote(self._key)

    async def __aenter__(self) -> int:
        return self._checked(*await self._attempts.record_start.remote(self._key, self._node))

    async def __aexit__(self, *_: object) -> None:
        self._attempts.record_end.remote(self._key)

    def _checked(self, tries: int, lost: int) -> int:
        if lost >= _MAX_ATTEMPTS:
            raise RuntimeError(f"{lost} workers died while processing {self._partition}")
        return tries


def start_worker(attempts: Any, run: str, worker: Any, arguments: Sequence[Any]) -> Any:
    """Returns ``worker(*arguments)``, for the constructor of an actor.

    Raises RuntimeError if the process of this actor has died too often in it: Ray would start it again forever.
    """
    import ray

    with Attempt(attempts, run, f"the start of worker {ray.get_runtime_context().get_actor_id()}"):
        return worker(*arguments)


class _WorkerCalls:
    """A worker as Ray Data calls it."""

    def __init__(self, attempts: Any, run: str, kind: type, worker: Any, arguments: Sequence[Any]) -> None:
        self._attempts, self._run, self._kind = attempts, run, kind
        self._worker = start_worker(attempts, run, worker, arguments)

    def __call__(self, row: Any) -> dict[str, list[str]]:
        partition = self._kind(**row.to_pylist()[0])
        with Attempt(self._attempts, self._run, str(partition)) as attempt:
            return result(self._worker.process(partition, attempt))


class _AsyncCalls(_WorkerCalls):
    async def __call__(self, row: Any) -> dict[str, list[str]]:  # type: ignore[override]
        partition = self._kind(**row.to_pylist()[0])
        async with Attempt(self._attempts, self._run, str(partition)) as attempt:
            return result(await self._worker.process(partition, attempt))


@contextlib.contextmanager
def _log_waits(attempts: Any, run: str, needs: Needs) -> Iterator[None]:
    finished = threading.Event()

    def log_waits() -> None:
        import ray

        wait = WaitLog(needs)
        while not finished.wait(_CHECK_INTERVAL):
            with contextlib.suppress(Exception):  # for example, no answer in time
                busy = ray.get(attempts.nodes.remote(run), timeout=_CHECK_INTERVAL)
                alive = {node["NodeID"] for node in ray.nodes() if node["Alive"]}
                if busy & alive:
                    wait = WaitLog(needs)
                else:
                    wait.log_if_due()

    thread = threading.Thread(target=log_waits, daemon=True)
    thread.start()
    try:
        yield
    finally:
        finished.set()
        thread.join()
