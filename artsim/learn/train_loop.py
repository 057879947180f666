"""A training on Ray Train: epochs on any number of workers, a checkpoint after each, the best kept, early stopping.

Killed, of a worker or as a whole, it goes on from its last checkpoint.
"""

import io
import logging
import os
import pickle
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import torch

from artsim import cluster
from artsim.archive import Mistake, Store
from artsim.learn.recipe import Recipe
from artsim.learn.train_epochs import Epoch, Progress, Trainee, epochs
from artsim.learn.workers import Workers, share

_POLL = "0.1"  # seconds after which Ray Train looks for a report, each of which holds its worker until it does
_RESTARTS = 8  # of all workers, after one was lost or failed
_CHECKPOINT, _STATE = "epoch-", "state.pt"


def run(
    make: Callable[[], Trainee],
    recipe: Recipe,
    *,
    workers: Workers,
    store: Store,
    folder: str,
    seed: int,
    show: Callable[[Epoch], None],
) -> Progress:
    """Trains what ``make`` makes on each worker; goes on from the last checkpoint that lies in ``folder``.

    ``show`` is called with each epoch. Mistake if the cluster is too small.
    """
    resources = share(workers)
    cluster.wait_for(resources)
    os.environ.setdefault("RAY_TRAIN_HEALTH_CHECK_INTERVAL_S", _POLL)
    from ray.train import CheckpointConfig, FailureConfig, RunConfig, ScalingConfig
    from ray.train.torch import TorchTrainer
    from ray.util.queue import Empty, Queue

    logging.getLogger("ray.train").setLevel(logging.ERROR)
    _forget_snapshot(store, folder)
    events = Queue(actor_options=cluster.beside_driver())
    parent, _, name = folder.rpartition("/")
    trainer = TorchTrainer(
        _work,
        train_loop_config={
            "make": make,
            "recipe": recipe,
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
            checkpoint_config=CheckpointConfig(num_to_keep=1),
        ),
    )
    done = _in_background(trainer.fit)

    def stream() -> Iterator[Epoch]:
        last: float = 0
        while True:
            try:
                event = events.get(timeout=0.2)
                yield {"rows": event["epoch"] - last, **event}
                last = event["epoch"]
            except Empty:
                if done.done():
                    return

    for event in cluster.progress(stream(), recipe.epochs, "epochs"):
        if "loss" in event:
            show(event)
    answer = done.result().return_value
    if isinstance(answer, Mistake):
        raise answer
    return answer


def _count(workers: Workers) -> Any:
    """As Ray Train says it; two numbers make it elastic."""
    return workers.least if workers.least == workers.most else tuple(workers)


def _forget_snapshot(store: Store, folder: str) -> None:
    """Takes Ray Train's list of checkpoints away: it is written in place, and half of one would stop every later run.

    Which checkpoint is the latest shows in the folder itself.
    """
    path = f"{folder}/checkpoint_manager_snapshot.json"
    if store.exists(path):
        store.filesystem.delete_file(f"{store.root}/{path}")


def _in_background(function: Callable[[], Any]) -> "Future[Any]":
    """Runs it in a thread that does not keep a stopped program alive (nor takes Ctrl-C for itself, as Ray would)."""
    future: Future[Any] = Future()

    def work() -> None:
        try:
            future.set_result(function())
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=work, daemon=True).start()
    return future


def _work(config: dict[str, Any]) -> Any:
    """What each worker does; the first one's answer counts. A Mistake is no failure that another try would mend."""
    try:
        return _train(**config)
    except Mistake as mistake:
        return mistake


def _train(
    make: Callable[[], Trainee], recipe: Recipe, store: Store, folder: str, seed: int, threads: int, events: Any
) -> Progress | None:
    import ray.train

    torch.set_num_threads(threads)
    first = ray.train.get_context().get_world_rank() == 0
    progress = latest = _latest(store, folder)
    trainee = make()
    if first:
        events.put({"epoch": len(latest.history) if latest else 0})  # from here on it trains
    for progress in epochs(trainee, recipe, seed, latest):
        epoch = progress.history[-1]
        with tempfile.TemporaryDirectory() as draft:
            checkpoint = None
            if first:
                torch.save(vars(progress), Path(draft, _STATE))
                checkpoint = ray.train.Checkpoint.from_directory(draft)
            ray.train.report(epoch, checkpoint, checkpoint_dir_name=f"{_CHECKPOINT}{epoch['epoch']:06d}")
        if first:
            events.put(epoch)
    return progress if first else None


def _latest(store: Store, folder: str) -> Progress | None:
    """The last checkpoint that is whole; a kill may have left half of one."""
    for name in reversed(store.names(folder)):
        if name.startswith(_CHECKPOINT):
            try:
                with store.open_input(f"{folder}/{name}/{_STATE}") as source:
                    return Progress(**torch.load(io.BytesIO(source.read()), map_location="cpu", weights_only=True))
            except (RuntimeError, EOFError, FileNotFoundError, pickle.UnpicklingError):
                continue
    return None
