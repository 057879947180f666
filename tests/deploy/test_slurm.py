"""The batch script for Slurm, with an ``srun`` that starts the other node on this machine."""

import os
import random
import subprocess
import uuid
from pathlib import Path

import pytest

from deploy.local_cluster import left

_ROOT = Path(__file__).parents[2]
_ELSEWHERE = """#!/bin/bash
# Each node has its own /tmp; srun ends a process on all nodes.
while [[ $1 == --* ]]; do shift; done
setsid "${@/\\/tmp\\/.artsim-//tmp/.elsewhere-artsim-}" & node=$!
trap 'kill -- -$node' TERM
wait $node
wait $node
"""
_REFUSING = "#!/bin/bash\necho 'srun: error: no such step' >&2\nexit 1\n"
_LOOK = """
import ray, sys
ray.init(logging_level="ERROR")
alive = [node["Resources"] for node in ray.nodes() if node["Alive"]]
print("seen", *sorted(f"{node['CPU']:g} {node['memory'] / 1e6:g}" for node in alive))
sys.exit(3)
"""
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(180),
    pytest.mark.skipif(not Path(_ROOT, ".venv/bin/activate").exists(), reason="the script wants the project's .venv"),
    pytest.mark.skipif(
        not subprocess.run(["hostname", "-I"], capture_output=True, text=True).stdout.strip(),
        reason="no address but loopback, by which nodes could meet",
    ),
]


def _sbatch(folder: Path, srun: str) -> tuple[int, str, str]:
    """Runs the script as the first of two nodes; returns exit status, output and a mark of its processes."""
    (folder / "bin").mkdir()
    (folder / "bin" / "srun").write_text(srun)
    (folder / "bin" / "srun").chmod(0o755)
    mark = f"SLURM_TEST={uuid.uuid4()}"
    allocation = {
        "SLURM_JOB_ID": str(random.randrange(10_000)),
        "SLURM_NNODES": "2",
        "SLURM_CPUS_PER_TASK": "1",
        "SLURM_MEM_PER_CPU": "700",
        "SLURMD_NODENAME": "one",
        "HOME": str(folder),
        "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
    }
    done = subprocess.run(
        ["bash", "deploy/slurm.sh", "python", "-c", _LOOK],
        cwd=_ROOT,
        env=os.environ | allocation | dict([mark.split("=")]),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=170,
    )
    return done.returncode, done.stdout, mark


def test_an_allocation_is_a_cluster_for_as_long_as_the_command_runs(tmp_path: Path) -> None:
    code, output, mark = _sbatch(tmp_path, _ELSEWHERE)
    assert "seen 1 420 1 420\n" in output, output[-3000:]  # the allocation's CPU and memory, not the machine's
    assert code == 3
    assert left(mark) == []
    assert [path.name for path in tmp_path.glob(".artsim-*")] == []


def test_nodes_that_cannot_start_are_not_waited_for(tmp_path: Path) -> None:
    code, output, mark = _sbatch(tmp_path, _REFUSING)
    assert (code, "no such step" in output, "seen" in output) == (1, True, False), output[-3000:]
    assert left(mark) == []
