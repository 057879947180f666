"""Connects to the Ray cluster that is there, or starts one here; what it has."""

import json
import logging
import os
import threading

from artsim.mistake import Outage

_log = logging.getLogger(__name__)

_LATE = 5.0  # seconds that Ray may take to start before a word is said about it


def connect() -> None:
    """Joins the cluster of ``RAY_ADDRESS`` or one running on this machine; else starts one. Free when connected."""
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # Ray's own advice, instead of its warning
    # Ray's C++ parts complain of what Ray Data itself does at every start; what fails a job comes as an exception.
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
    # The first failure ends a job and is told; of those that came with it Ray need not tell.
    os.environ.setdefault("RAY_IGNORE_UNHANDLED_ERRORS", "1")
    import ray

    if ray.is_initialized():
        return
    late = threading.Timer(_LATE, _log.info, ["Ray is starting; a busy machine takes a minute or two"])
    late.daemon = True
    late.start()
    try:
        ray.init(logging_level=logging.ERROR, log_to_driver=False, include_dashboard=False)
    except Exception as error:  # Ray has no class of its own for it
        if "timed out during startup" not in str(error):
            raise
        raise Outage(
            "Ray did not start in time, as on a machine that is very busy; say the same again later"
        ) from error
    finally:
        late.cancel()


def silence_ray_data() -> None:
    """Makes Ray Data show nothing of its own; for those who use it, since importing it takes most of a second."""
    import ray.data

    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False  # progress() below shows what the job counts, not Ray's blocks
    context.enable_operator_progress_bars = False
    logging.getLogger("ray.data").setLevel(logging.ERROR)


def nodes() -> list[dict[str, int]]:
    """``CPU``, ``GPU`` and ``memory`` (bytes) of each node; of a cluster that grows by itself, of each that may come.

    Such a cluster can be empty when a job starts, so its file says on the head what it can become, as in
    ``ARTSIM_NODES='[[8, {"CPU": 16}], [4, {"CPU": 8, "GPU": 1}]]'``: eight nodes of one kind, four of another. Memory
    that nobody tells of is 0.
    """
    import ray

    coming = [has for count, has in json.loads(os.environ.get("ARTSIM_NODES", "[]")) for _ in range(count)]
    there = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    return [{unit: int(has.get(unit, 0)) for unit in ("CPU", "GPU", "memory")} for has in coming or there]


def cpus() -> int:
    """The CPUs of the cluster, at least 1."""
    return max(sum(node["CPU"] for node in nodes()), 1)


def gpus() -> int:
    """The GPUs of the cluster."""
    return sum(node["GPU"] for node in nodes())
