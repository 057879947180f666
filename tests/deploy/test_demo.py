"""A cluster of several nodes on this machine: its nodes, its token, the jobs of the demo, and cleanup."""

import os
import re
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from deploy.local_cluster import Cluster, left, up

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
_ROOT = Path(__file__).parents[2]
_JOBS = ["catalog", "scrape", "extract", "annotations", "train", "evaluate", "tune", "neighbors"]
_STEPS = ["cluster", "map", "dedupe", "labels", "labels", "enrich"]  # of the pipeline, submitted last


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with up(_ROOT / "deploy/this-machine.yaml") as cluster:
        yield cluster
    assert left(f"FOLDER={cluster.environment['FOLDER']}") == []
    assert not Path(cluster.environment["FOLDER"]).exists()


def test_there_is_a_head_without_work_and_workers_of_one_cpu(cluster: Cluster) -> None:
    cpus = {node["node_ip"]: node["resources_total"].get("CPU", 0) for node in cluster.list("nodes", detail=1)}
    assert cpus == {"127.0.0.2": 0, "127.0.0.3": 1, "127.0.0.4": 1}


def test_its_token_is_for_its_owner_alone(cluster: Cluster) -> None:
    token = Path(cluster.environment["RAY_AUTH_TOKEN_PATH"])
    assert (token.stat().st_mode & 0o777, token.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    secret = token.read_bytes()
    assert len(secret) == 64
    logs = [path for path in token.parent.rglob("*") if path.is_file() and path != token]
    assert len(logs) > 20
    assert [path for path in logs if secret in path.read_bytes()] == []


@pytest.mark.parametrize("token", [None, "0" * 64])
@pytest.mark.parametrize("command", ["job submit --address {address} -- touch {done}", "status --address {head}"])
def test_without_its_token_nobody_gets_anything(
    cluster: Cluster, tmp_path: Path, token: str | None, command: str
) -> None:
    stranger = {name: value for name, value in cluster.environment.items() if not name.startswith("RAY_AUTH")}
    stranger |= {"HOME": str(tmp_path)} | ({"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": token} if token else {})
    head = f"{cluster.environment['RAY_HEAD_IP']}:{cluster.environment['HEAD_PORT']}"
    arguments = command.format(address=cluster.address, head=head, done=tmp_path / "done")
    refused = subprocess.run(["ray", *arguments.split()], env=stranger, capture_output=True, text=True, timeout=60)
    assert refused.returncode != 0
    assert re.search("[Uu]nauth|[Aa]uthentication", refused.stdout + refused.stderr)
    assert cluster.ask("api/jobs/") == []
    assert not (tmp_path / "done").exists()


def test_the_demo_takes_every_job_to_its_end_and_leaves_nothing(tmp_path: Path) -> None:
    mark = f"DEMO={uuid.uuid4()}"
    command = [sys.executable, "-m", "deploy.demo", "--archive", str(tmp_path / "demo"), "--works", "80"]
    environment = os.environ | dict([mark.split("=")])
    done = subprocess.run(command, cwd=_ROOT, env=environment, capture_output=True, text=True, timeout=560)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    table = done.stdout[done.stdout.index("nodes that worked") :].splitlines()[1:]
    expected = [*_JOBS, "pipeline", *_STEPS]
    assert [line.split()[0] for line in table[: len(expected)]] == expected
    extracted = next(line for line in table if line.startswith("extract"))
    assert "127.0.0.3" in extracted
    assert "127.0.0.4" in extracted
    with Image.open(tmp_path / "demo" / "near.png") as picture:
        assert min(picture.size) > 200
    assert left(mark) == []


def test_ctrl_c_leaves_nothing(tmp_path: Path) -> None:
    mark = f"DEMO={uuid.uuid4()}"
    command = [sys.executable, "-m", "deploy.demo", "--archive", str(tmp_path / "demo"), "--works", "20"]
    environment = os.environ | dict([mark.split("=")])
    with subprocess.Popen(command, cwd=_ROOT, env=environment, stdout=subprocess.PIPE, text=True) as demo:
        assert demo.stdout is not None
        assert any("jobs.catalog" in line for line in demo.stdout)
        assert len(left(mark)) > 5
        demo.send_signal(signal.SIGINT)
        demo.stdout.read()
    assert demo.returncode != 0
    assert left(mark) == []
