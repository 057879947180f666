"""Finds the Ray cluster that a job should join, and asks it in bounded time whether it answers."""

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

from artsim.cluster.here import token_file
from artsim.mistake import Mistake, Outage

_CONNECT = 4.0  # seconds for a TCP connection to the head
_SILENT = "no answer"
_ANSWER = 12.0  # seconds for the head's first answer; Ray itself would try for minutes

_FORM = re.compile(r"(?P<client>ray://)?(?P<host>\[[0-9A-Fa-f:]+\]|[^\s:/\[\]]+):(?P<port>[0-9]{1,5})/?")
_ASK = "import sys, ray._raylet as r; r.GcsClient(address=sys.argv[1]).internal_kv_get(b'-', namespace=b'-', timeout=8)"


def named_address() -> str | None:
    """What ``RAY_ADDRESS`` says: an address that answers, ``"local"`` to start Ray here, or None if it is not set.

    Mistake if it is no address or the head refuses the token, Outage if nobody answers.
    """
    address = os.environ.get("RAY_ADDRESS", "").strip()
    if not address:
        return None
    if address in ("local", "auto"):
        return "local" if address == "local" else None
    found = _FORM.fullmatch(address)
    if found is None or int(found["port"]) > 65535:
        raise Mistake(f"RAY_ADDRESS={address[:100]}: not of the form HOST:PORT; unset it to run on this machine alone")
    hosts = [found["host"]] if found["client"] else _asked(found["host"])
    if problem := _no_connection(hosts, int(found["port"])):
        raise Outage(
            f"RAY_ADDRESS={address}: no Ray answers there ({problem}); start the cluster, "
            "or unset RAY_ADDRESS to run on this machine alone"
        )
    if found["client"]:
        _check_client(address)
    else:
        _ask(address, f"RAY_ADDRESS={address}")
    return address


def _check_client(address: str) -> None:
    """Outage if no gRPC server answers at a ``ray://`` address; Ray's client would ask it for most of a minute."""
    import grpc

    with grpc.insecure_channel(address.removeprefix("ray://").rstrip("/")) as channel:
        try:
            grpc.channel_ready_future(channel).result(timeout=_ANSWER)
        except grpc.FutureTimeoutError as error:
            raise Outage(
                f"RAY_ADDRESS={address}: something listens there, but it is no server for Ray's client; "
                "its port is 10001 by default"
            ) from error


def noted_address() -> tuple[str, str] | None:
    """The address of the cluster that ``ray start`` noted on this machine, and the file of the note; None without."""
    from ray._common.utils import get_ray_address_file

    path = get_ray_address_file(None)
    try:
        return Path(path).read_text(encoding="utf-8").strip(), path
    except (OSError, UnicodeDecodeError):
        return None


def runs(address: str) -> bool:
    """Whether the cluster of a note still runs. Mistake if it does and refuses the token, Outage if it is silent."""
    found = _FORM.fullmatch(address)
    if found is None or _no_connection(_asked(found["host"]), int(found["port"])):
        return False
    _ask(address, f"the Ray cluster of this machine at {address}")
    return True


def _asked(host: str) -> list[str]:
    """The host, and the one that Ray takes instead: for 127.0.0.1 this machine's address in its network.

    A Ray that listens on loopback alone, as that of another job does, can't be joined: Ray would try for minutes.
    """
    from ray._private.services import resolve_ip_for_localhost

    bare = host.strip("[]")
    return list(dict.fromkeys([bare, resolve_ip_for_localhost(bare)]))


def _no_connection(hosts: list[str], port: int) -> str | None:
    """Why no TCP connection to one of these can be made; None if it can to all."""
    for host in hosts:
        try:
            socket.create_connection((host.strip("[]"), port), _CONNECT).close()
        except (OSError, UnicodeError, OverflowError) as error:
            return f"{host}: {getattr(error, 'strerror', None) or error}"
    return None


def _ask(address: str, name: str) -> None:
    """Asks the head for something, in a process of its own: Ray's client can't be interrupted, and may abort."""
    mode = os.environ.get("RAY_AUTH_MODE")
    if mode == "token" and not _has_token():
        raise Mistake(f"{name}: RAY_AUTH_MODE=token, but there is no token; {_HOW}")
    problem = _answer(address, mode)
    if mode is None and problem is not None and _refuses(problem) and _has_token():
        # Ray turns tokens on by itself only for clusters that it finds on this machine. Not before the head asks for
        # one: a driver in token mode refuses the workers of a cluster without tokens.
        problem = _answer(address, "token")
        if problem is None:
            os.environ["RAY_AUTH_MODE"] = "token"
    if problem is None:
        return
    if _refuses(problem):
        raise Mistake(f"{name}: the head refuses this shell's token, or misses one; {_HOW}")
    raise Outage(f"{name}: something listens there, but does not answer as Ray does; restart the cluster, or unset it")


def _has_token() -> bool:
    """Whether Ray would find a token. Ray's own loader would keep it, and this process would then use it."""
    path = os.environ.get("RAY_AUTH_TOKEN_PATH") or token_file()
    return bool(os.environ.get("RAY_AUTH_TOKEN")) or Path(path).is_file()


def _refuses(problem: str) -> bool:
    return "AuthenticationError" in problem or "InvalidAuthToken" in problem


_HOW = "set RAY_AUTH_MODE=token and RAY_AUTH_TOKEN_PATH to the file of the head's token (~/.ray/auth_token by default)"


def _answer(address: str, mode: str | None) -> str | None:
    """What is wrong with the head's answer; None if it is a good one."""
    environment = {**os.environ, **({"RAY_AUTH_MODE": mode} if mode else {})}
    try:
        asked = subprocess.run(  # noqa: S603 - this Python, with an address of the form HOST:PORT
            [sys.executable, "-c", _ASK, address],
            env=environment,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_ANSWER,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return _SILENT
    return None if asked.returncode == 0 else asked.stderr[-2000:] or _SILENT
