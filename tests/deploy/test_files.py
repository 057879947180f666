"""The files that start a cluster: Ray accepts them, they require a token, contain no secret and expose no dashboard."""

import json
import re
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml

_ROOT = Path(__file__).parents[2]
_LAUNCHERS = ["cluster.yaml", "deploy/on-premises.yaml", "deploy/this-machine.yaml"]
_FILES = [*_LAUNCHERS, "deploy/slurm.sh", "deploy/kubernetes.yaml", "deploy/Containerfile"]


def _text(name: str) -> str:
    return (_ROOT / name).read_text(encoding="utf-8")


def _yaml(name: str) -> dict[str, Any]:
    return yaml.safe_load(_text(name))


def _starts(name: str) -> list[str]:
    """Returns the commands of a file that start Ray."""
    if name.endswith(".sh"):
        commands = _text(name).replace("\\\n", " ").splitlines()
    else:
        commands = _yaml(name)["head_start_ray_commands"] + _yaml(name)["worker_start_ray_commands"]
    return [command for command in commands if "ray start" in command]


@pytest.mark.parametrize("name", _LAUNCHERS)
def test_ray_up_takes_a_launcher_file(name: str) -> None:
    from ray.autoscaler._private.util import prepare_config, validate_config

    prepared = prepare_config(_yaml(name))
    validate_config(prepared)
    assert len(prepared["available_node_types"]) == (3 if name == "cluster.yaml" else 1)


@pytest.mark.parametrize("name", [*_LAUNCHERS, "deploy/slurm.sh"])
def test_every_option_is_one_of_ray_start(name: str) -> None:
    from ray.scripts.scripts import start

    known = {option for parameter in start.params for option in parameter.opts}
    starts = _starts(name)
    assert sum("--head" in command for command in starts) == 1
    assert sum("--address=" in command for command in starts) == 1
    used = [option for command in starts for option in re.findall(r"--[a-z-]+", command.partition("ray start")[2])]
    if name.endswith(".sh"):
        used += re.findall(r"--[a-z-]+", re.search(r"^node=\((.*?)\)$", _text(name), re.MULTILINE | re.DOTALL)[1])
    assert [option for option in used if option not in known] == []


def test_every_parameter_on_kubernetes_is_one_of_ray_start() -> None:
    from ray.scripts.scripts import start

    known = {option for parameter in start.params for option in parameter.opts}
    spec = _yaml("deploy/kubernetes.yaml")["spec"]["rayClusterSpec"]
    groups = [spec["headGroupSpec"], *spec["workerGroupSpecs"]]
    assert [name for group in groups for name in group["rayStartParams"] if f"--{name}" not in known] == []


@pytest.mark.parametrize("name", _LAUNCHERS)
def test_a_launched_node_wants_the_token(name: str) -> None:
    everywhere = "--env=RAY_AUTH_MODE=token" in _yaml(name).get("docker", {}).get("run_options", [])
    for command in _starts(name):
        assert everywhere or "RAY_AUTH_MODE=token" in command.partition("ray start")[0]


@pytest.mark.parametrize("name", ["cluster.yaml", "deploy/on-premises.yaml"])
def test_the_token_goes_to_all_nodes_by_ssh(name: str) -> None:
    assert _yaml(name)["file_mounts"]["~/.ray/auth_token"] == "~/.ray/auth_token"


def test_slurm_makes_a_token_that_only_its_user_can_read() -> None:
    text = _text("deploy/slurm.sh")
    order = ["umask 077", "mktemp -d", "openssl rand", "export RAY_AUTH_MODE=token", "ray start --head"]
    places = [text.index(step) for step in order]
    assert places == sorted(places)


@pytest.mark.parametrize("name", _FILES)
def test_nothing_in_a_file_is_secret(name: str) -> None:
    secret = r"[0-9a-fA-F]{32,}|AKIA[0-9A-Z]{16}|-----BEGIN|RAY_AUTH_TOKEN\b|(?i:secret_access_key|password)\s*[:=]"
    assert re.findall(secret, _text(name)) == []


@pytest.mark.parametrize("name", [*_LAUNCHERS, "deploy/slurm.sh"])
def test_a_dashboard_is_on_loopback_or_nowhere(name: str) -> None:
    (head,) = [command for command in _starts(name) if "--head" in command]
    assert "--dashboard-host=127.0.0.1" in head or "--include-dashboard=false" in head
    assert "0.0.0.0" not in _text(name)


def test_bash_reads_the_slurm_script() -> None:
    subprocess.run(["bash", "-n", str(_ROOT / "deploy/slurm.sh")], check=True)


def test_slurm_without_a_command_says_how() -> None:
    done = subprocess.run(["bash", str(_ROOT / "deploy/slurm.sh")], capture_output=True, text=True)
    assert (done.returncode, done.stderr.split()[:2]) == (2, ["usage:", "sbatch"])


def test_the_rayjob_has_what_kuberay_requires() -> None:
    job = _yaml("deploy/kubernetes.yaml")
    assert (job["apiVersion"], job["kind"], job["metadata"]["name"]) == ("ray.io/v1", "RayJob", "artsim")
    assert job["spec"]["entrypoint"].startswith("python -m jobs.")
    assert job["spec"]["shutdownAfterJobFinishes"]
    spec = job["spec"]["rayClusterSpec"]
    assert spec["authOptions"] == {"mode": "token", "secretName": "artsim-token"}
    assert spec["enableInTreeAutoscaling"]
    assert spec["headGroupSpec"]["serviceType"] == "ClusterIP"
    assert spec["headGroupSpec"]["rayStartParams"]["num-cpus"] == "0"
    assert [group["groupName"] for group in spec["workerGroupSpecs"]] == ["cpu", "gpu"]
    for group in spec["workerGroupSpecs"]:
        assert group["replicas"] == group["minReplicas"] == 0 < group["maxReplicas"]
    for group in [spec["headGroupSpec"], *spec["workerGroupSpecs"]]:
        (container,) = group["template"]["spec"]["containers"]
        assert container["name"] and container["image"]
        assert container["resources"]["requests"] == container["resources"]["limits"]


def test_workers_are_spot_and_come_from_none() -> None:
    launcher = _yaml("cluster.yaml")
    head, *workers = launcher["available_node_types"].values()
    assert (launcher["head_node_type"], head["resources"]) == ("head", {"CPU": 0})
    for worker in workers:
        assert worker["min_workers"] == 0
        assert worker["node_config"]["InstanceMarketOptions"] == {"MarketType": "spot"}
    assert launcher["max_workers"] == sum(worker["max_workers"] for worker in workers)


def test_the_jobs_are_told_what_may_come() -> None:
    launcher = _yaml("cluster.yaml")
    _, *kinds = launcher["available_node_types"].values()
    setting = re.search(r"ARTSIM_NODES='(.*?)'", launcher["head_start_ray_commands"][-1])[1]
    assert json.loads(setting) == [[kind["max_workers"], kind["resources"]] for kind in kinds]

    spec = _yaml("deploy/kubernetes.yaml")["spec"]["rayClusterSpec"]
    (setting,) = spec["headGroupSpec"]["template"]["spec"]["containers"][0]["env"]
    names = {"cpu": "CPU", "nvidia.com/gpu": "GPU"}
    pods = []
    for group in spec["workerGroupSpecs"]:
        limits = group["template"]["spec"]["containers"][0]["resources"]["limits"]
        units = {names[key]: int(limits[key]) for key in names if key in limits}
        # Ray's object store takes 30% of a pod's memory; processes get the rest.
        pods.append(
            [group["maxReplicas"], {**units, "memory": pytest.approx(0.65 * _bytes(limits["memory"]), rel=0.1)}]
        )
    assert (setting["name"], json.loads(setting["value"])) == ("ARTSIM_NODES", pods)


def _bytes(gibibytes: str) -> int:
    assert gibibytes.endswith("Gi")
    return int(gibibytes[:-2]) << 30


def test_one_image_and_one_ray() -> None:
    images = set(re.findall(r"registry\.example\.org/\S+", _text("cluster.yaml") + _text("deploy/kubernetes.yaml")))
    assert len(images) == 1
    assert images.pop() in _text("deploy/Containerfile")
    version = _yaml("deploy/kubernetes.yaml")["spec"]["rayClusterSpec"]["rayVersion"]
    assert set(re.findall(r"\b2\.\d+\.\d+", _text("deploy/Containerfile"))) == {version}
    assert re.findall(r"ray==(\S+)", _text("deploy/on-premises.yaml")) == [version]


def test_what_is_sent_with_a_job_is_small(tmp_path: Path) -> None:
    from ray._private.ray_constants import get_runtime_env_default_excludes
    from ray._private.runtime_env.packaging import create_package

    package = tmp_path / "package.zip"
    create_package(str(_ROOT), package, include_gitignore=True, excludes=get_runtime_env_default_excludes())
    with zipfile.ZipFile(package) as zipped:
        tops = {name.split("/")[0] for name in zipped.namelist()}
    assert {"artsim", "jobs"} <= tops
    assert not tops & {".git", ".venv", "archives", "docs", "tests"}
    assert package.stat().st_size < 5 << 20
