"""The page on Ray Serve, with two replicas; and its container files."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import requests
import yaml

from artsim.errors import UserError
from tests.made import add_features, make_archive, named

_ROOT = Path(__file__).parents[2]
_SERVE = """
import sys, time
import ray
from ray import serve
from deploy.page import page

ray.init(num_cpus=4, include_dashboard=False)
serve.start(http_options={"host": "127.0.0.1", "port": int(sys.argv[2])})
serve.run(page({"archive": sys.argv[1], "token": sys.argv[3], "replicas": "2"}))
print("running", flush=True)
sys.stdin.read()
serve.shutdown()
"""


def _need_serve() -> None:
    pytest.importorskip("grpc_reflection", reason="ray[serve] is not installed")


def test_arguments_are_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _need_serve()
    from deploy.page import page

    monkeypatch.delenv("ARTSIM_TOKEN", raising=False)
    make_archive(tmp_path / "museum", named(3))
    for arguments, message in (
        ({}, "archive: give its address"),
        ({"archive": str(tmp_path / "museum")}, "`token`"),
        ({"archive": str(tmp_path / "no"), "token": "x" * 12}, "no archive found"),
        ({"achive": "a"}, "achive: no such argument"),
    ):
        with pytest.raises(UserError, match=message):
            page(arguments)


@pytest.mark.slow
def test_two_replicas_answer_as_one(tmp_path: Path) -> None:
    _need_serve()
    ids = named(12)
    archive = make_archive(tmp_path / "museum", ids)
    add_features(archive, "tiny", {image_id: [1.0, n, n * n] for n, image_id in enumerate(ids)})
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port, token = str(listener.getsockname()[1]), "a long password"
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache"), "PYTHONPATH": os.pathsep.join(sys.path)}
    environment.pop("RAY_ADDRESS", None)
    command = [sys.executable, "-c", _SERVE, archive.uri, port, token]
    with subprocess.Popen(
        command, cwd=_ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None and process.stdin is not None
        assert any(line.startswith("running") for line in process.stdout)
        address, headers = f"http://127.0.0.1:{port}", {"authorization": f"Bearer {token}", "x-artsim": "1"}
        assert requests.get(f"{address}/api/archive", timeout=60).status_code == 401
        for _ in range(10):
            assert requests.get(f"{address}/api/archive", headers=headers, timeout=60).json()["count"] == 12
            assert len(requests.get(f"{address}/api/similar?n=3&k=4", headers=headers, timeout=60).json()) == 4
        kept = requests.post(f"{address}/api/sets", json={"numbers": [1, 5]}, headers=headers, timeout=60).json()["set"]
        for _ in range(10):  # whichever replica answers
            found = requests.get(f"{address}/api/search?set={kept}", headers=headers, timeout=60).json()
            assert [hit["n"] for hit in found["hits"]] == [1, 5]
        process.stdin.close()
    assert process.returncode == 0


def test_the_container_listens_with_a_password_and_not_as_root() -> None:
    container = (_ROOT / "deploy" / "page.Containerfile").read_text(encoding="utf-8")
    compose = yaml.safe_load((_ROOT / "deploy" / "compose.yaml").read_text(encoding="utf-8"))
    service = compose["services"]["page"]
    assert "USER " in container and "USER root" not in container
    assert "ARTSIM_TOKEN" in service["environment"] and "?" in service["environment"]["ARTSIM_TOKEN"]
    assert service["ports"] == ["127.0.0.1:8000:8000"]
    assert service["read_only"] is True and service["cap_drop"] == ["ALL"]
