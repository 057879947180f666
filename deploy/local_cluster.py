"""Starts the nodes of a launcher file on this machine instead of by ssh, and removes them at the end.

Works on Linux, where every address of 127.0.0.0/8 belongs to this machine.
"""

import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
import yaml

_START, _STOP = 120, 20  # seconds for all nodes to start, for each to stop
_TRIES = 2
_LOOKS = 3  # consecutive checks without a process: one check can miss a process that is just starting
_TAIL = 2000  # characters of a log in an error message


@dataclass(frozen=True, slots=True)
class Cluster:
    """A running cluster; ``environment`` is what Ray's own commands need, including the path of its token."""

    address: str
    environment: dict[str, str]

    def ask(self, path: str, **query: str | int) -> Any:
        """Returns the JSON answer of the dashboard, which listens at ``address``."""
        token = Path(self.environment["RAY_AUTH_TOKEN_PATH"]).read_text(encoding="utf-8")
        headers = {"Authorization": f"Bearer {token}"}
        answer = requests.get(f"{self.address}/{path}", params=query, headers=headers, timeout=30)
        answer.raise_for_status()
        return answer.json()

    def list(self, what: str, **query: str | int) -> list[dict[str, Any]]:
        """The ``nodes``, ``tasks`` or ``actors`` that Ray knows."""
        rows: list[dict[str, Any]] = self.ask(f"api/v0/{what}", **query)["data"]["result"]["result"]
        return rows


@contextmanager
def up(file: Path) -> Iterator[Cluster]:
    """Starts the head and the workers of a launcher file with a local provider; stops all of them at the end.

    Raises ``RuntimeError`` with the end of the log if a node does not start.
    """
    launcher = yaml.safe_load(file.read_text(encoding="utf-8"))
    head, workers = launcher["provider"]["head_ip"], launcher["provider"]["worker_ips"]
    # In /tmp and not in TMPDIR, because the path of a socket must be short.
    with tempfile.TemporaryDirectory(prefix="artsim-", dir="/tmp", ignore_cleanup_errors=True) as folder:
        environment = _environment(Path(folder), head)
        cluster = Cluster(f"http://127.0.0.1:{environment['DASHBOARD_PORT']}", environment)
        nodes: dict[str, subprocess.Popen[bytes]] = {}
        try:
            _join(cluster, launcher["head_start_ray_commands"], [head], nodes)
            _join(cluster, launcher["worker_start_ray_commands"], workers, nodes)
            yield cluster
        finally:
            _take_down(nodes, environment)


def left(mark: str) -> list[int]:
    """The ids of the processes with this ``NAME=value`` in their environment, as every process of a cluster has."""
    pids = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # the process has ended, or belongs to another user
            if mark.encode() in (process / "environ").read_bytes().split(b"\0"):
                pids.append(int(process.name))
    return pids


def _environment(folder: Path, head: str) -> dict[str, str]:
    token = folder / "token"
    token.touch(mode=0o600)
    token.write_text(secrets.token_hex(32), encoding="utf-8")
    usual = {name: value for name, value in os.environ.items() if not name.startswith("RAY_") and name != "PYTHONPATH"}
    with socket.socket() as first, socket.socket() as second, socket.socket() as third:
        ports = []
        for free in (first, second, third):
            free.bind((head, 0))
            ports.append(str(free.getsockname()[1]))
    return {
        **usual,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{usual.get('PATH', '')}",
        "FOLDER": str(folder),
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN_PATH": str(token),
        "RAY_GRACEFUL_SHUTDOWN_DRAIN_TIMEOUT_S": "0",  # no node has anything to hand over
        "RAY_HEAD_IP": head,
        **dict(zip(("HEAD_PORT", "DASHBOARD_PORT", "CLIENT_PORT"), ports, strict=True)),
    }


def _join(
    cluster: Cluster, commands: list[str], addresses: list[str], nodes: dict[str, subprocess.Popen[bytes]]
) -> None:
    """Starts a node at each address and waits until all are alive.

    A node that exits, as Ray may on a busy machine, is started again, up to ``_TRIES`` starts in all.
    """
    wanted, starts = len(nodes) + len(addresses), Counter[str]()
    deadline = time.monotonic() + _START
    while _alive(cluster) < wanted:
        for address in addresses:
            log = Path(cluster.environment["FOLDER"], f"{address}.log")
            ended = address not in nodes or nodes[address].poll() is not None
            if time.monotonic() > deadline or (ended and starts[address] == _TRIES):
                raise RuntimeError(f"{address} did not start:\n{log.read_text(errors='replace')[-_TAIL:]}")
            if ended:
                nodes[address] = _start(commands, cluster.environment | {"NODE_IP": address}, log)
                starts[address] += 1
        time.sleep(0.5)


def _start(commands: list[str], environment: dict[str, str], log: Path) -> subprocess.Popen[bytes]:
    """Starts a node in its own session, so that Ctrl-C does not reach it; it gets SIGTERM when this process ends."""
    tied = ["setpriv", "--pdeathsig", "TERM", "/bin/bash", "-c", "\n".join(commands)]
    with log.open("wb") as output:
        return subprocess.Popen(  # noqa: S603 -- the launcher file's own commands
            tied, env=environment, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )


def _alive(cluster: Cluster) -> int:
    try:
        return sum(node["state"] == "ALIVE" for node in cluster.list("nodes"))
    except requests.RequestException:
        return 0


def _take_down(nodes: dict[str, subprocess.Popen[bytes]], environment: dict[str, str]) -> None:
    """Stops the nodes, workers before the head because they sign off there, and kills any process that is left."""
    for process in reversed(nodes.values()):
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(_STOP)
    looks = 0
    while looks < _LOOKS:
        pids = left(f"FOLDER={environment['FOLDER']}")
        looks = 0 if pids else looks + 1
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for process in nodes.values():
            process.poll()
        time.sleep(0.1)
