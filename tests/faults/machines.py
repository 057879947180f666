"""A Ray cluster of several simulated machines, one raylet each, for tests that remove some of them."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
_JOB_TIMEOUT_SECONDS = 150.0  # seconds


class Machines:
    """A cluster of machines with ``cpus`` CPUs; the first is the head, which runs the driver of every job."""

    def __init__(self, *cpus: int, **head: Any) -> None:
        from ray.cluster_utils import Cluster

        self._cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": cpus[0], **head})
        self.nodes = [self._cluster.head_node]
        for count in cpus[1:]:
            self.join(count)

    @property
    def address(self) -> str:
        """The address of the head, for drivers."""
        return self._cluster.address

    def join(self, cpus: int, **more: Any) -> None:
        """Adds a machine."""
        self.nodes.append(self._cluster.add_node(num_cpus=cpus, **more))

    def lose(self, number: int) -> None:
        """Removes a machine without warning, as in a power failure."""
        self._cluster.remove_node(self.nodes[number], allow_graceful=False)

    def start(self, job: str, *options: str, **environment: str) -> subprocess.Popen[str]:
        """Starts a job on this cluster."""
        return start(job, *options, RAY_ADDRESS=self.address, **environment)

    def run(self, job: str, *options: str, **environment: str) -> dict[str, Any]:
        """Runs a job that has to succeed and returns its report."""
        return report_of(self.start(job, *options, **environment))

    def stop(self) -> None:
        """Stops all machines."""
        self._cluster.shutdown()


@contextmanager
def machines(*cpus: int, **head: Any) -> Iterator[Machines]:
    """``with machines(1, 1, 1) as cluster:`` starts a head and two workers with one CPU each."""
    cluster = Machines(*cpus, **head)
    try:
        yield cluster
    finally:
        cluster.stop()


def start(job: str, *options: str, **environment: str) -> subprocess.Popen[str]:
    """Starts a job by its command line, on a Ray of its own unless ``RAY_ADDRESS`` is given."""
    kept = tempfile.TemporaryFile("w+")  # noqa: SIM115 (a pipe that nobody reads would stop it)
    process = subprocess.Popen(
        [sys.executable, "-m", f"jobs.{job}", *options],
        cwd=ROOT,
        env={**os.environ, "RAY_ADDRESS": "local", **environment},
        text=True,
        stdout=subprocess.PIPE,
        stderr=kept,
        start_new_session=True,
    )
    process.kept = kept  # type: ignore[attr-defined]
    return process


def report_of(process: subprocess.Popen[str]) -> dict[str, Any]:
    """Waits for a job that has to succeed and returns its report."""
    stdout, stderr = ended(process)
    assert process.returncode == 0, stderr[-3000:]
    return json.loads(stdout.splitlines()[-1])


def ended(process: subprocess.Popen[str]) -> tuple[str, str]:
    """Waits for a job to end and returns its stdout and stderr; kills it after ``_JOB_TIMEOUT_SECONDS``."""
    try:
        out, _ = process.communicate(timeout=_JOB_TIMEOUT_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        out, _ = process.communicate()
        out += "\nit did not end"
    process.kept.seek(0)  # type: ignore[attr-defined]
    return out, process.kept.read()  # type: ignore[attr-defined]


def until(condition: Callable[[], Any], process: subprocess.Popen[str] | None = None) -> None:
    """Waits for ``condition``; fails if the process ends first, or after ``_JOB_TIMEOUT_SECONDS``."""
    deadline = time.monotonic() + _JOB_TIMEOUT_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that"
        assert process is None or process.poll() is None, f"it ended before: {ended(process)[1][-2000:]}"
        time.sleep(0.02)
