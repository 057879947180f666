"""Which Ray cluster a job joins, and the error that it raises in bounded time if there is none."""

import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from artsim.errors import ServiceUnavailable, UserError
from artsim.runtime import cluster_address, connection

_START = """
import ray, psutil  # which Ray brings along
from artsim import runtime
runtime.connect()
print(runtime.nodes()[0]["CPU"] > 0)
mine = {process.pid for process in [psutil.Process(), *psutil.Process().children(recursive=True)]}
listening = [one for one in psutil.net_connections("tcp") if one.status == "LISTEN" and one.pid in mine]
print(len(listening) > 3, {one.laddr.ip for one in listening} <= {"127.0.0.1", "::1", "::ffff:127.0.0.1"})
"""


@pytest.fixture
def short_path() -> Iterator[Path]:
    """A folder for Ray's sockets, whose paths are limited to 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="a") as folder:
        yield Path(folder)


@pytest.fixture
def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.mark.parametrize(
    "text", ["garbage", "http://127.0.0.1:8265", "127.0.0.1", "127.0.0.1:99999", "a:b", ":1", "a b:1"]
)
def test_an_invalid_address_is_a_user_error(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("RAY_ADDRESS", text)
    with pytest.raises(UserError, match=r"RAY_ADDRESS=.*HOST:PORT"):
        cluster_address.named_address()


@pytest.mark.parametrize("before", ["", "ray://"])
def test_a_closed_port_is_service_unavailable(monkeypatch: pytest.MonkeyPatch, closed_port: int, before: str) -> None:
    monkeypatch.setenv("RAY_ADDRESS", f"{before}127.0.0.1:{closed_port}")
    with pytest.raises(
        ServiceUnavailable, match=f"RAY_ADDRESS={before}127.0.0.1:{closed_port}: no Ray cluster answers"
    ):
        connection._address()


@pytest.mark.parametrize(
    ("before", "expected_text"), [("", "does not answer like Ray"), ("ray://", "not a Ray Client server")]
)
def test_another_server_is_service_unavailable(
    monkeypatch: pytest.MonkeyPatch, before: str, expected_text: str
) -> None:
    monkeypatch.setattr(cluster_address, "_ANSWER_TIMEOUT", 0.5)
    with socket.create_server(("", 0)) as silent:
        monkeypatch.setenv("RAY_ADDRESS", f"{before}127.0.0.1:{silent.getsockname()[1]}")
        with pytest.raises(ServiceUnavailable, match=expected_text):
            connection._address()


def test_a_ray_that_listens_only_on_loopback_is_service_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ray replaces 127.0.0.1 with this machine's other address, where it would retry for minutes."""
    monkeypatch.setattr(cluster_address, "_probe", lambda *_: None)
    monkeypatch.setattr("ray._private.services.get_node_ip_address", lambda: "127.0.0.2")
    with socket.create_server(("127.0.0.1", 0)) as server:
        text = f"127.0.0.1:{server.getsockname()[1]}"
        monkeypatch.setenv("RAY_ADDRESS", text)
        with pytest.raises(ServiceUnavailable, match=f"RAY_ADDRESS={text}: no Ray cluster answers there .127.0.0.2: "):
            connection._address()
        assert not cluster_address.is_running(text)


def test_a_refused_token_is_a_user_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("", 0)) as server:
        monkeypatch.setattr(
            cluster_address, "_probe", lambda *_: "ray.exceptions.AuthenticationError: InvalidAuthToken"
        )
        monkeypatch.setenv("RAY_ADDRESS", f"127.0.0.1:{server.getsockname()[1]}")
        with pytest.raises(UserError, match="RAY_AUTH_TOKEN_PATH"):
            connection._address()


@pytest.mark.parametrize("text", ["garbage", "{}1", "[[8]]", "[[-1, {}]]", '[[1, {"CPU": "x"}]]', "[1]", '{"CPU": 1}'])
def test_invalid_artsim_nodes_is_a_user_error(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr("ray.nodes", list)
    monkeypatch.setenv("ARTSIM_NODES", text)
    with pytest.raises(UserError, match="ARTSIM_NODES="):
        connection.nodes()


@pytest.mark.slow
def test_a_stale_address_file_is_logged_and_the_local_ray_is_private(short_path: Path, closed_port: int) -> None:
    """The head died without ``ray stop``. The new Ray listens on loopback, and only its owner can read its token."""
    tmp_path = short_path
    (tmp_path / "ray").mkdir()
    (tmp_path / "ray" / "ray_current_cluster").write_text(f"127.0.0.1:{closed_port}")
    home = tmp_path / "home"
    home.mkdir()
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(home), "RAY_TMPDIR": str(tmp_path)}
    run = subprocess.run(
        [sys.executable, "-c", "import logging; logging.basicConfig(level='INFO', format='%(message)s')\n" + _START],
        env=environment,
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stdout) == (0, "True\nTrue True\n"), run.stderr
    messages = [line for line in run.stderr.splitlines() if "on a busy machine" not in line]
    assert len(messages) == 1
    assert f"127.0.0.1:{closed_port}, named in {tmp_path}/ray/ray_current_cluster, is not running" in messages[0]
    token = home / ".ray" / "auth_token"
    assert token.stat().st_mode & 0o077 == 0
