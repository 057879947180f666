"""Finds the Ray cluster that a job should join, and checks with a timeout that it answers."""

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

from artsim.errors import ServiceUnavailable, UserError
from artsim.runtime.local_ray import token_file

_CONNECT_TIMEOUT = 4.0  # seconds for a TCP connection to the head
_NO_ANSWER = "no answer"
_ANSWER_TIMEOUT = 12.0  # seconds for the head's first answer; Ray itself would try for minutes

_ADDRESS_PATTERN = re.compile(r"(?P<client>ray://)?(?P<host>\[[0-9A-Fa-f:]+\]|[^\s:/\[\]]+):(?P<port>[0-9]{1,5})/?")
_PROBE_SCRIPT = (
    "import sys, ray._raylet as r; r.GcsClient(address=sys.argv[1]).internal_kv_get(b'-', namespace=b'-', timeout=8)"
)


def named_address() -> str | None:
    """Returns the address in ``RAY_ADDRESS``, ``"local"`` to start Ray here, or None if it is unset or ``auto``.

    Raises ``UserError`` if it is not an address or the head refuses the token, ``ServiceUnavailable`` if nothing
    answers there.
    """
    address = os.environ.get("RAY_ADDRESS", "").strip()
    if not address:
        return None
    if address in ("local", "auto"):
        return "local" if address == "local" else None
    match = _ADDRESS_PATTERN.fullmatch(address)
    if match is None or int(match["port"]) > 65535:
        raise UserError(f"RAY_ADDRESS={address[:100]}: must be HOST:PORT; unset it to run only on this machine")
    hosts = [match["host"]] if match["client"] else _hosts_to_try(match["host"])
    if problem := _connection_error(hosts, int(match["port"])):
        raise ServiceUnavailable(
            f"RAY_ADDRESS={address}: no Ray cluster answers there ({problem}); start the cluster, "
            "or unset RAY_ADDRESS to run only on this machine"
        )
    if match["client"]:
        _check_client(address)
    else:
        _check_head(address, f"RAY_ADDRESS={address}")
    return address


def _check_client(address: str) -> None:
    """Raises ``ServiceUnavailable`` if no gRPC server answers at a ``ray://`` address; Ray waits a minute for it."""
    import grpc

    with grpc.insecure_channel(address.removeprefix("ray://").rstrip("/")) as channel:
        try:
            grpc.channel_ready_future(channel).result(timeout=_ANSWER_TIMEOUT)
        except grpc.FutureTimeoutError as error:
            raise ServiceUnavailable(
                f"RAY_ADDRESS={address}: something listens there, but it is not a Ray Client server; "
                "its default port is 10001"
            ) from error


def address_from_file() -> tuple[str, str] | None:
    """Returns the address that ``ray start`` wrote to a file on this machine, and the file; None if there is none."""
    from ray._common.utils import get_ray_address_file

    path = get_ray_address_file(None)
    try:
        return Path(path).read_text(encoding="utf-8").strip(), path
    except (OSError, UnicodeDecodeError):
        return None


def is_running(address: str) -> bool:
    """Whether the cluster at an address from ``address_from_file`` still runs.

    Raises ``UserError`` if it refuses the token, ``ServiceUnavailable`` if it accepts a connection but does not answer.
    """
    match = _ADDRESS_PATTERN.fullmatch(address)
    if match is None or _connection_error(_hosts_to_try(match["host"]), int(match["port"])):
        return False
    _check_head(address, f"the Ray cluster of this machine at {address}")
    return True


def _hosts_to_try(host: str) -> list[str]:
    """Returns the host and the one that Ray uses instead: for 127.0.0.1, this machine's address in its network.

    A Ray that listens only on loopback, such as that of another job, cannot be joined: Ray would try for minutes.
    """
    from ray._private.services import resolve_ip_for_localhost

    host_without_brackets = host.strip("[]")
    return list(dict.fromkeys([host_without_brackets, resolve_ip_for_localhost(host_without_brackets)]))


def _connection_error(hosts: list[str], port: int) -> str | None:
    """Returns why a TCP connection to one of the hosts fails; None if all succeed."""
    for host in hosts:
        try:
            socket.create_connection((host.strip("[]"), port), _CONNECT_TIMEOUT).close()
        except (OSError, UnicodeError, OverflowError) as error:
            return f"{host}: {getattr(error, 'strerror', None) or error}"
    return None


def _check_head(address: str, name: str) -> None:
    """Sends the head a request in a subprocess, since Ray's client cannot be interrupted and may abort.

    Raises ``UserError`` if the head refuses the token, ``ServiceUnavailable`` if it does not answer.
    """
    mode = os.environ.get("RAY_AUTH_MODE")
    if mode == "token" and not _has_token():
        raise UserError(f"{name}: RAY_AUTH_MODE=token, but there is no token; {_AUTHENTICATION_HELP}")
    problem = _probe(address, mode)
    if mode is None and problem is not None and _is_token_error(problem) and _has_token():
        # Ray enables tokens by itself only for clusters that it finds on this machine. Enable them only if the head
        # asks for one: a driver in token mode refuses the workers of a cluster without tokens.
        problem = _probe(address, "token")
        if problem is None:
            os.environ["RAY_AUTH_MODE"] = "token"
    if problem is None:
        return
    if _is_token_error(problem):
        raise UserError(f"{name}: the head rejected the token of this shell, or requires one; {_AUTHENTICATION_HELP}")
    raise ServiceUnavailable(
        f"{name}: something listens there, but does not answer like Ray; restart the cluster, "
        "or set RAY_ADDRESS=local to run only on this machine"
    )


def _has_token() -> bool:
    """Whether Ray would find a token. Ray's own loader is not used: it would cache the token for this process."""
    path = os.environ.get("RAY_AUTH_TOKEN_PATH") or token_file()
    return bool(os.environ.get("RAY_AUTH_TOKEN")) or Path(path).is_file()


def _is_token_error(problem: str) -> bool:
    return "AuthenticationError" in problem or "InvalidAuthToken" in problem


_AUTHENTICATION_HELP = (
    "set RAY_AUTH_MODE=token and RAY_AUTH_TOKEN_PATH to the file of the head's token (~/.ray/auth_token by default)"
)


def _probe(address: str, mode: str | None) -> str | None:
    """Returns what is wrong with the head's answer; None if nothing is."""
    environment = {**os.environ, **({"RAY_AUTH_MODE": mode} if mode else {})}
    try:
        process = subprocess.run(  # noqa: S603 - this Python, with an address of the form HOST:PORT
            [sys.executable, "-c", _PROBE_SCRIPT, address],
            env=environment,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_ANSWER_TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return _NO_ANSWER
    return None if process.returncode == 0 else process.stderr[-2000:] or _NO_ANSWER
