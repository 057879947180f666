"""A Ray cluster of several machines on this one, each a raylet of its own, for tests that take some of them away."""

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
_PATIENCE = 150.0  # seconds


class Machines:
    """The first is the head, with the driver of every job; numbers are CPUs."""

    def __init__(self, *cpus: int, **head: Any) -> None:
        from ray.cluster_utils import Cluster

        self._cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": cpus[0], **head})
        self.nodes = [self._cluster.head_node]
        for count in cpus[1:]:
            self.join(count)

    @property
    def address(self) -> str:
        """Where a driver finds the head."""
        return self._cluster.address

    def join(self, cpus: int, **more: Any) -> None:
        """Another machine comes."""
        self.nodes.append(self._cluster.add_node(num_cpus=cpus, **more))

    def lose(self, number: int) -> None:
        """A machine goes, as if somebody had pulled its plug."""
        self._cluster.remove_node(self.nodes[number], allow_graceful=False)

    def start(self, job: str, *options: str, **environment: str) -> subprocess.Popen[str]:
        """A job on this cluster."""
        return start(job, *options, RAY_ADDRESS=self.address, **environment)

    def run(self, job: str, *options: str, **environment: str) -> dict[str, Any]:
        """The report of a job that is to succeed."""
        return report_of(self.start(job, *options, **environment))

    def stop(self) -> None:
        """All machines go."""
        self._cluster.shutdown()


@contextmanager
def machines(*cpus: int, **head: Any) -> Iterator[Machines]:
    """``with machines(1, 1, 1) as cluster:``: a head and two more, each with one CPU."""
    cluster = Machines(*cpus, **head)
    try:
        yield cluster
    finally:
        cluster.stop()


def start(job: str, *options: str, **environment: str) -> subprocess.Popen[str]:
    """A job, as a person would start it; on a Ray of its own unless RAY_ADDRESS says otherwise."""
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
    """The report of a job that is to succeed."""
    out, said = ended(process)
    assert process.returncode == 0, said[-3000:]
    return json.loads(out.splitlines()[-1])


def ended(process: subprocess.Popen[str]) -> tuple[str, str]:
    """What a job wrote to stdout and stderr, when it has ended."""
    try:
        out, _ = process.communicate(timeout=_PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        out, _ = process.communicate()
        out += "\nit did not end"
    process.kept.seek(0)  # type: ignore[attr-defined]
    return out, process.kept.read()  # type: ignore[attr-defined]


def until(condition: Callable[[], Any], process: subprocess.Popen[str] | None = None) -> None:
    """Returns when it holds; fails if the process ends before, or after a long time."""
    deadline = time.monotonic() + _PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that"
        assert process is None or process.poll() is None, f"it ended before: {ended(process)[1][-2000:]}"
        time.sleep(0.02)
