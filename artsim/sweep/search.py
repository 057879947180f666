"""The search of a sweep on Ray Tune: Optuna proposes settings, ASHA stops poor trials, finished trials are stored.

A killed search resumes: Optuna and ASHA get the finished trials again, and only the missing ones run.
``Tuner.restore`` does not serve: it loses ASHA's rungs (ray-project/ray #30838), and it unpickles files of the archive,
which may come from somebody else.
"""

import logging
import os
import threading
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import accumulate, count, takewhile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from artsim import runtime
from artsim.archive import Keys, Store, check_record
from artsim.archive.damaged_files import intact
from artsim.sweep.search_space import Space

_log = logging.getLogger(__name__)

# number, setting, the metric (such as meanrank), low, high, best_epoch, epochs, seconds, curve; or error, given_up
Trial = dict[str, Any]

_TRIAL_KEYS: Keys = {
    **dict.fromkeys(("number", "best_epoch", "epochs"), int),
    **dict.fromkeys(("low", "high", "seconds"), (int, float)),
    "setting": dict,
    "curve": list,
}
_REDUCTION = 4  # one in this many trials that reach a rung continues
_GRACE_DIVISOR = 5  # no trial is stopped before a fifth of all epochs: until then the order of trials still changes
_RETRIES = 2  # retries of a trial whose process was lost
_SETTINGS = {
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
    "TUNE_DISABLE_SIGINT_HANDLER": "1",  # Ctrl-C stops the job, which can resume; it must not end the sweep early
    "TUNE_GLOBAL_CHECKPOINT_S": "86400",  # a run resumes from the trials stored here
    "TUNE_PRINT_ALL_TRIAL_ERRORS": "0",
    "RAY_AIR_NEW_OUTPUT": "0",  # the new output writes to stdout even with verbose=0
}


def search(
    trainable: Any,
    space: Space,
    *,
    trials: int,
    epochs: int,
    seed: int,
    store: Store,
    folder: str,
    max_concurrent: int | None = None,
    metric: str = "meanrank",
    mode: str = "min",
) -> list[Trial]:
    """Runs the trials that are missing in ``folder`` and stores each there. Returns all trials, failed ones last.

    Failed trials are not stored. ``trainable`` reports ``epochs``, the metric, low, high, best_epoch, curve (the metric
    of every epoch) and training (seconds), at least at every rung. ``mode`` is min or max.
    """
    run_missing = partial(
        _run_missing, trainable, space, trials, epochs, seed, store, folder, max_concurrent, metric, mode
    )
    failed = run_missing()
    for _ in range(_RETRIES):
        given_up = sum(trial["given_up"] for trial in failed)
        if not given_up:
            break
        # Tune retries a trial whose process is lost while it trains, but not while it changes to another setting
        _log.warning("%d trials lost their process before they started; running as many again", given_up)
        failed = run_missing()
    return [*stored_trials(store, folder, metric), *failed]


def _run_missing(
    trainable: Any,
    space: Space,
    trials: int,
    epochs: int,
    seed: int,
    store: Store,
    folder: str,
    max_concurrent: int | None,
    metric: str,
    mode: str,
) -> list[Trial]:
    """Runs the trials that ``folder`` lacks; returns those that failed."""
    os.environ.update(_SETTINGS)
    os.environ["TUNE_MAX_PENDING_TRIALS_PG"] = str(runtime.cpus())  # otherwise processes would start one by one
    import optuna
    from ray import tune
    from ray.tune.execution import class_cache
    from ray.tune.schedulers import ASHAScheduler
    from ray.tune.search.optuna import OptunaSearch

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    logging.getLogger("ray.tune").setLevel(logging.ERROR)
    # Each machine finds its own credentials; Ray would send the driver's and write them to its logs. Neither a public
    # setting nor an upstream issue is known.
    class_cache.ENV_VARS_TO_PROPAGATE -= {name for name in class_cache.ENV_VARS_TO_PROPAGATE if name.startswith("AWS_")}
    done = stored_trials(store, folder, metric)
    missing = trials - len(done)
    if missing <= 0:
        return []
    sampler = optuna.samplers.TPESampler(seed=seed + len(done), constant_liar=True)  # the same seed repeats its draws
    searcher = OptunaSearch(dict(space), metric=metric, mode=mode, sampler=sampler)
    asha = ASHAScheduler(
        time_attr="epochs",
        metric=metric,
        mode=mode,
        max_t=epochs,
        grace_period=rungs(epochs)[0],
        reduction_factor=_REDUCTION,
    )
    _replay(searcher, asha, done, metric, mode)
    trial_store, search_ended = _trial_store(store, folder, len(done), metric), threading.Event()
    progress_thread = threading.Thread(target=_show_progress, args=(trial_store, search_ended, missing), daemon=True)
    progress_thread.start()
    tuner = tune.Tuner(
        trainable,
        tune_config=tune.TuneConfig(
            search_alg=searcher,
            scheduler=asha,
            num_samples=missing,
            reuse_actors=max_concurrent is None,
            max_concurrent_trials=max_concurrent,
        ),
        run_config=tune.RunConfig(
            name="_ray",
            storage_path=f"{store.root}/{folder}",
            storage_filesystem=store.filesystem,
            callbacks=[trial_store],
            failure_config=tune.FailureConfig(max_failures=_RETRIES),
            checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False),
            verbose=0,
        ),
    )
    try:
        tuner.fit()
    finally:
        search_ended.set()
        progress_thread.join()
    store.remove(f"{folder}/_ray")
    return trial_store.failed


def rungs(epochs: int) -> list[int]:
    """Returns the epochs, up to ``epochs``, after which a trial may be stopped."""
    return list(
        takewhile(lambda rung: rung <= epochs, (max(epochs // _GRACE_DIVISOR, 1) * _REDUCTION**k for k in count()))
    )


def stored_trials(store: Store, folder: str, metric: str = "meanrank") -> list[Trial]:
    """Returns the finished trials, in the order in which they finished."""
    return [_stored_trial(store, f"{folder}/trials/{name}", metric) for name in store.names(f"{folder}/trials")]


def _stored_trial(store: Store, path: str, metric: str) -> Trial:
    remedy = "remove it and run the same command again to replace this trial"
    trial = intact(store, path, of="sweep", remedy=remedy)
    check_record(trial, {**_TRIAL_KEYS, metric: (int, float)}, store.address(path), remedy)
    return trial


def _replay(searcher: Any, asha: Any, done: Sequence[Trial], metric: str, mode: str) -> None:
    """Gives the searcher and the scheduler the finished trials, as if the search had not been interrupted."""
    for trial in done:
        searcher.add_evaluated_point(trial["setting"], trial[metric])
        replayed = SimpleNamespace(trial_id=f"kept {trial['number']}")
        asha.on_trial_add(None, replayed)
        for epoch, value in enumerate(accumulate(trial["curve"], min if mode == "min" else max), 1):
            asha.on_trial_result(None, replayed, {"epochs": epoch, metric: value})


def _trial_store(store: Store, folder: str, before: int, metric: str) -> Any:
    from ray.tune import Callback

    class TrialStore(Callback):
        """Stores each trial as it finishes."""

        def __init__(self) -> None:
            self.number = before
            self.finished_trials = 0
            self.failed: list[Trial] = []

        def on_trial_complete(self, iteration: int, trials: list[Any], trial: Any, **_: Any) -> None:
            self.number += 1
            result = trial.last_result
            row = {
                "number": self.number,
                "setting": trial.config,
                **{name: result[name] for name in (metric, "low", "high", "best_epoch")},
                "epochs": result["epochs"],
                "seconds": result["training"],
                "curve": result["curve"],
            }
            store.write_json(f"{folder}/trials/{self.number:06d}.json", row)
            self.finished_trials += 1

        def on_trial_error(self, iteration: int, trials: list[Any], trial: Any, **_: Any) -> None:
            # trial.get_error() reads from the storage, where the error has not arrived yet
            error = Path(trial.error_file).read_text().strip().splitlines()[-1]
            given_up = trial.num_failures <= _RETRIES
            self.failed.append({"number": None, "setting": trial.config, "error": error, "given_up": given_up})
            self.finished_trials += 1

    return TrialStore()


def _show_progress(trial_store: Any, search_ended: threading.Event, total: int) -> None:
    def stream() -> Iterator[dict[str, int]]:
        seen, last = 0, False
        while not last:
            last = search_ended.wait(0.2)
            yield {"rows": trial_store.finished_trials - seen}
            seen = trial_store.finished_trials

    for _ in runtime.progress(stream(), total, "trials"):
        pass
