"""A training on Ray Train: epochs on any number of workers, a checkpoint after each, the best one kept, early stopping.

If a worker or the whole run is killed, it resumes from the last checkpoint.
"""

import errno
import logging
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Any

import numpy as np
import torch

from artsim import runtime
from artsim.archive import Store, UserError
from artsim.learn.checkpoints import commit, latest
from artsim.learn.epochs import Epoch, Limits, Progress, Trainer, epochs
from artsim.learn.workers import Workers, resources_per_worker

_POLL = "0.1"  # seconds between Ray Train's polls for reports; each report blocks its worker until the next poll
_RESTARTS = 8  # restarts of all workers after one was lost or failed
_DISK_FULL = os.strerror(errno.ENOSPC)

_log = logging.getLogger(__name__)


def run(
    make: Callable[[], Trainer],
    limits: Limits,
    *,
    workers: Workers,
    store: Store,
    folder: str,
    seed: int,
    show: Callable[[Epoch], None],
) -> Progress:
    """Trains what ``make`` makes on each worker; resumes from the last checkpoint in ``folder``.

    ``show`` is called with each epoch. Raises a user error if the cluster is too small.
    """
    resources = resources_per_worker(workers)
    runtime.wait_for(resources)
    os.environ.setdefault("RAY_TRAIN_HEALTH_CHECK_INTERVAL_S", _POLL)
    from ray.train import FailureConfig, RunConfig, ScalingConfig
    from ray.train.torch import TorchTrainer
    from ray.util.queue import Empty, Queue

    logging.getLogger("ray.train").setLevel(logging.ERROR)
    _delete_snapshot(store, folder)
    events = Queue(actor_options=runtime.beside_driver())
    parent, _, name = folder.rpartition("/")
    trainer = TorchTrainer(
        _train_on_worker,
        train_loop_config={
            "make": make,
            "limits": limits,
            "store": store,
            "folder": folder,
            "seed": seed,
            "threads": resources["CPU"],
            "events": events,
        },
        scaling_config=ScalingConfig(
            num_workers=_count(workers), use_gpu=resources["GPU"] > 0, resources_per_worker=resources
        ),
        run_config=RunConfig(
            name=name,
            storage_path=f"{store.root}/{parent}",
            storage_filesystem=store.filesystem,
            failure_config=FailureConfig(max_failures=_RESTARTS),
        ),
    )
    future = _in_background(trainer.fit)

    def stream() -> Iterator[Epoch]:
        last: float = 0
        while True:
            try:
                event = events.get(timeout=0.2)
                for name in event.pop("unreadable", ()):
                    _log.warning("%s/%s: this checkpoint can't be read and is ignored", folder, name)
                yield {"rows": event["epoch"] - last, **event}
                last = event["epoch"]
            except Empty:
                if future.done():
                    return

    for event in runtime.progress(stream(), limits.epochs, "epochs"):
        if "loss" in event:
            show(event)
    result = _result(future)
    if isinstance(result, UserError | OSError):
        raise result
    return result


def _result(future: "Future[Any]") -> Any:
    """Returns the first worker's result. Raises OSError (ENOSPC) if the disk was full in any process."""
    try:
        return future.result().return_value
    except Exception as error:
        if _DISK_FULL in str(error):
            raise OSError(errno.ENOSPC, _DISK_FULL) from error
        raise


def _count(workers: Workers) -> Any:
    """Returns the number of workers as Ray Train takes it; two numbers make it elastic."""
    return workers.least if workers.least == workers.most else tuple(workers)


def _delete_snapshot(store: Store, folder: str) -> None:
    """Deletes Ray Train's list of checkpoints: it is written in place, and half a list would stop every later run.

    The folder itself shows which checkpoint is the latest.
    """
    path = f"{folder}/checkpoint_manager_snapshot.json"
    if store.exists(path):
        store.filesystem.delete_file(f"{store.root}/{path}")


def _in_background(function: Callable[[], Any]) -> "Future[Any]":
    """Runs a function in a daemon thread; returns the future of its result.

    The thread is a daemon, so the program can exit, and Ray can't install a Ctrl-C handler in it.
    """
    future: Future[Any] = Future()

    def run_function() -> None:
        try:
            future.set_result(function())
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=run_function, daemon=True).start()
    return future


def _train_on_worker(config: dict[str, Any]) -> Any:
    """Runs on each worker; only the first one's result counts. Errors that a retry can't fix are returned, not raised.

    These are user errors and a full disk.
    """
    try:
        return _train(**config)
    except UserError as user_error:
        return user_error
    except np.linalg.LinAlgError as error:
        return UserError(f"the model can't be fitted to these features and annotations: {error}")
    except OSError as error:
        if error.errno == errno.ENOSPC:
            return OSError(errno.ENOSPC, _DISK_FULL)
        raise


def _train(
    make: Callable[[], Trainer], limits: Limits, store: Store, folder: str, seed: int, threads: int, events: Any
) -> Progress | None:
    import ray.train

    torch.set_num_threads(threads)
    first = ray.train.get_context().get_world_rank() == 0
    trainer, resumed, unreadable = latest(store, folder, make)
    progress = resumed
    if first:  # training starts here
        events.put({"epoch": len(resumed.history) if resumed else 0, "unreadable": unreadable})
    for progress in epochs(trainer, limits, seed, resumed):
        epoch = progress.history[-1]
        if first:
            commit(store, folder, progress)
        ray.train.report(epoch)
        if first:
            events.put(epoch)
    return progress if first else None
