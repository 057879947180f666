"""Connects to a running Ray cluster or starts one on this machine, and reports its resources."""

import contextlib
import importlib
import json
import logging
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from artsim.errors import ServiceUnavailable, UserError
from artsim.runtime.cluster_address import address_from_file, is_running, named_address
from artsim.runtime.local_ray import on_loopback, without_log_lines

_log = logging.getLogger(__name__)

_MAX_NODES = 100_000  # nodes of one kind
_START_TIMED_OUT = "timed out during startup"  # part of Ray's error if its own start takes too long
_LATE_AFTER = 5.0  # seconds before a log line says that Ray is still starting


def connect(*, data: bool = False) -> None:
    """Joins the cluster of ``RAY_ADDRESS`` or one on this machine, or starts one. Does nothing if connected.

    ``data`` also loads Ray Data, while Ray starts: the import takes more than a second. Raises ``UserError`` or
    ``ServiceUnavailable`` within 20 s if ``RAY_ADDRESS`` names no cluster that answers.
    """
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # what Ray's warning recommends
    # At every start Ray's C++ code logs complaints about Ray Data. Errors that fail a job are raised as exceptions.
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
    # The first failure ends a job and is reported. Ray need not report those that came with it.
    os.environ.setdefault("RAY_IGNORE_UNHANDLED_ERRORS", "1")
    if not data:
        _connect()
        return
    with ThreadPoolExecutor(1) as loading:
        loaded = loading.submit(importlib.import_module, "ray.data")
        _connect()
        loaded.result()


def _connect() -> None:
    import ray

    if ray.is_initialized():
        return
    address = _address()
    late_message = threading.Timer(
        _LATE_AFTER, _log.info, ["Ray is starting; this can take a minute or two on a busy machine"]
    )
    late_message.daemon = True
    late_message.start()
    try:
        _init(address)
    except Exception as error:  # Ray has no exception class for this
        if _START_TIMED_OUT in str(error):
            raise ServiceUnavailable(
                "Ray did not start in time; the machine may be overloaded; try again later"
            ) from error
        if address != "local" and isinstance(error, ConnectionError | RuntimeError):
            raise ServiceUnavailable(
                f"cannot join the Ray cluster at {address}: {' '.join(str(error).split())[:300]}"
            ) from error
        raise
    finally:
        late_message.cancel()


def _init(address: str) -> None:
    """Calls ``ray.init``, twice if Ray gives up its own start the first time (after 30 s; no setting changes that)."""
    import ray

    for last in (False, True):
        try:
            with contextlib.ExitStack() as stack:
                loopback_options: dict[str, Any] = stack.enter_context(on_loopback()) if address == "local" else {}
                stack.enter_context(without_log_lines())
                _show_only_errors()
                ray.init(
                    address=address,
                    logging_level=logging.WARNING,
                    log_to_driver=False,
                    include_dashboard=False,
                    **loopback_options,
                )
                _show_only_errors()
            return
        except Exception as error:
            if last or address != "local" or _START_TIMED_OUT not in str(error):
                raise


def _show_only_errors() -> None:
    """Keeps Ray's warnings off the terminal; they go to the log of the run."""
    for handler in logging.getLogger("ray").handlers:
        if type(handler).__module__.startswith("ray."):
            handler.setLevel(logging.ERROR)


def _address() -> str:
    """Returns the address for ``ray.init``: a cluster that answers, or "local"."""
    if named := named_address():
        return named
    from_file = address_from_file()
    if from_file is None:
        return "local"
    address, file = from_file
    if is_running(address):
        return address
    _log.info("the Ray cluster at %s, named in %s, is not running; starting Ray on this machine", address, file)
    return "local"


def nodes(*, alive: bool = False) -> list[dict[str, int]]:
    """Returns ``CPU``, ``GPU`` and ``memory`` (bytes) of each node; of an autoscaling cluster, of each possible node.

    An autoscaling cluster can be empty when a job starts, so its cluster file lists the possible nodes on the head:
    ``ARTSIM_NODES='[[8, {"CPU": 16}], [4, {"CPU": 8, "GPU": 1}]]'`` means eight nodes of one kind and four of another.
    ``alive`` leaves out those that have not started. Unknown memory is 0.
    """
    import ray

    possible = _possible_nodes()
    running = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    chosen = running if alive or not possible else possible
    return [{unit: int(node.get(unit, 0)) for unit in ("CPU", "GPU", "memory")} for node in chosen]


def _possible_nodes() -> list[dict[str, float]]:
    """Returns the nodes in ``ARTSIM_NODES``; empty if it is not set. Raises ``UserError`` if its form is wrong."""
    text = os.environ.get("ARTSIM_NODES", "").strip() or "[]"
    try:
        node_kinds = json.loads(text)
        if not all(_is_amount(count) and count <= _MAX_NODES for count, _ in node_kinds):
            raise ValueError("a count")
        if not all(_is_amount(amount) for _, resources in node_kinds for amount in resources.values()):
            raise ValueError("an amount")
        return [resources for count, resources in node_kinds for _ in range(int(count))]
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise UserError(
            f'ARTSIM_NODES={text[:100]}: not of the form [[8, {{"CPU": 16}}], [4, {{"CPU": 8}}]]'
        ) from error


def _is_amount(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < float("inf")


def cpus() -> int:
    """The CPUs of the cluster, at least 1."""
    return max(sum(node["CPU"] for node in nodes()), 1)


def gpus() -> int:
    """The GPUs of the cluster."""
    return sum(node["GPU"] for node in nodes())
