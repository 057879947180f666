"""Connects to the Ray cluster that is there, or starts one here; what it has."""

import contextlib
import json
import logging
import os
import threading
from typing import Any

from artsim.cluster.address import named_address, noted_address, runs
from artsim.cluster.here import on_loopback, without_log_lines
from artsim.mistake import Mistake, Outage

_log = logging.getLogger(__name__)

_MOST = 100_000  # nodes of one kind
_GAVE_UP = "timed out during startup"  # what Ray says then
_LATE = 5.0  # seconds that Ray may take to start before a word is said about it


def connect() -> None:
    """Joins the cluster of ``RAY_ADDRESS`` or one running on this machine; else starts one. Free when connected.

    Mistake or Outage within 20 s if ``RAY_ADDRESS`` names no cluster that answers.
    """
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # Ray's own advice, instead of its warning
    # Ray's C++ parts complain of what Ray Data itself does at every start; what fails a job comes as an exception.
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
    # The first failure ends a job and is told; of those that came with it Ray need not tell.
    os.environ.setdefault("RAY_IGNORE_UNHANDLED_ERRORS", "1")
    import ray

    if ray.is_initialized():
        return
    address = _address()
    late = threading.Timer(_LATE, _log.info, ["Ray is starting; a busy machine takes a minute or two"])
    late.daemon = True
    late.start()
    try:
        _init(address)
    except Exception as error:  # Ray has no class of its own for it
        if _GAVE_UP in str(error):
            raise Outage(
                "Ray did not start in time, as on a machine that is very busy; say the same again later"
            ) from error
        if address != "local" and isinstance(error, ConnectionError | RuntimeError):
            raise Outage(
                f"the Ray cluster at {address} can't be joined: {' '.join(str(error).split())[:300]}"
            ) from error
        raise
    finally:
        late.cancel()


def _init(address: str) -> None:
    """ray.init, and once more if Ray gave up on its own start: it does so after 30 s, and no setting changes that."""
    import ray

    for last in (False, True):
        try:
            with contextlib.ExitStack() as around:
                where: dict[str, Any] = around.enter_context(on_loopback()) if address == "local" else {}
                around.enter_context(without_log_lines())
                ray.init(
                    address=address, logging_level=logging.ERROR, log_to_driver=False, include_dashboard=False, **where
                )
            return
        except Exception as error:
            if last or address != "local" or _GAVE_UP not in str(error):
                raise


def _address() -> str:
    """What ray.init is to connect to: a cluster that answers, or "local"."""
    if named := named_address():
        return named
    noted = noted_address()
    if noted is None:
        return "local"
    address, file = noted
    if runs(address):
        return address
    _log.info("the Ray cluster at %s, noted in %s, runs no more; starting Ray on this machine", address, file)
    return "local"


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

    coming = _coming()
    there = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    return [{unit: int(has.get(unit, 0)) for unit in ("CPU", "GPU", "memory")} for has in coming or there]


def _coming() -> list[dict[str, float]]:
    """The nodes of ``ARTSIM_NODES``; none if it is not set. Mistake if it is not of the form above."""
    text = os.environ.get("ARTSIM_NODES", "").strip() or "[]"
    try:
        kinds = json.loads(text)
        if not all(_is_amount(count) and count <= _MOST for count, _ in kinds):
            raise ValueError("a count")
        if not all(_is_amount(amount) for _, has in kinds for amount in has.values()):
            raise ValueError("an amount")
        return [has for count, has in kinds for _ in range(int(count))]
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise Mistake(f'ARTSIM_NODES={text[:100]}: not of the form [[8, {{"CPU": 16}}], [4, {{"CPU": 8}}]]') from error


def _is_amount(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < float("inf")


def cpus() -> int:
    """The CPUs of the cluster, at least 1."""
    return max(sum(node["CPU"] for node in nodes()), 1)


def gpus() -> int:
    """The GPUs of the cluster."""
    return sum(node["GPU"] for node in nodes())
