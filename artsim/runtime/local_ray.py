"""Starts Ray for this machine only: ports on loopback, a private token file, no log lines on the terminal."""

import contextlib
import os
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# If this is off, Ray stays on 127.0.0.1, as on Windows and macOS (ray-project/ray#30770, #31166).
_LOOPBACK = "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"
# Ray writes the first line about RAY_BACKEND_LOG_LEVEL at every level (ray-project/ray#3662).
_LOG_LINE = re.compile(rb"\[[0-9-]{10} [0-9:,]+ [A-Z] [0-9]+ [0-9]+\] (\(\w+\) )?\w+\.(cc|h):[0-9]+:")


@contextlib.contextmanager
def on_loopback() -> Iterator[dict[str, Any]]:
    """Yields options for a ``ray.init`` that listens only on 127.0.0.1. Makes the token file private to its owner."""
    from ray._private import ray_constants

    _keep_token_private()
    cluster_enabled, environment_value = ray_constants.ENABLE_RAY_CLUSTER, os.environ.get(_LOOPBACK)
    ray_constants.ENABLE_RAY_CLUSTER, os.environ[_LOOPBACK] = False, "0"
    try:
        yield {"_node_ip_address": "127.0.0.1"}  # private option, the workaround in ray-project/ray#30770
    finally:
        ray_constants.ENABLE_RAY_CLUSTER = cluster_enabled
        if environment_value is None:
            del os.environ[_LOOPBACK]
        else:
            os.environ[_LOOPBACK] = environment_value


def _keep_token_private() -> None:
    """Creates Ray's default token file if needed, readable only by its owner, unlike the file that Ray creates.

    Where the file is and when Ray reads it: https://docs.ray.io/en/latest/ray-security/token-auth.html
    """
    from ray._private.authentication.authentication_token_generator import generate_new_authentication_token
    from ray._raylet import AuthenticationTokenLoader  # type: ignore[attr-defined]

    path = token_file()
    if not _has_home() and "RAY_AUTH_TOKEN_PATH" not in os.environ:  # before Ray's loader complains about it
        os.environ.setdefault("RAY_AUTH_TOKEN", generate_new_authentication_token())
    if os.environ.get("RAY_AUTH_MODE", "token") == "token":
        loader = AuthenticationTokenLoader.instance()
        if not loader.has_token(ignore_auth_mode=True):
            token = generate_new_authentication_token()
            try:
                path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                path.touch(0o600)
                path.write_text(token, encoding="utf-8")
            except OSError:  # the home is not writable: use the token for this run only
                os.environ["RAY_AUTH_TOKEN"] = token
            loader.reset_cache()
    with contextlib.suppress(OSError):  # the file has another owner or does not exist
        if path.stat().st_mode & 0o077:
            path.chmod(0o600)


def token_file() -> Path:
    """Returns Ray's default path of the token; for an account without a home, a path that cannot exist."""
    return (Path.home() if _has_home() else Path(os.devnull)) / ".ray" / "auth_token"


def _has_home() -> bool:
    """Whether the account has a home folder; an account without a name may have none."""
    try:
        return bool(Path.home())
    except RuntimeError:
        return False


@contextlib.contextmanager
def without_log_lines() -> Iterator[None]:
    """Filters the log lines of Ray's C++ code out of stderr."""
    try:
        saved = os.dup(2)
    except OSError:  # stderr is closed
        yield
        return
    read_end, write_end = os.pipe()
    thread = threading.Thread(target=_copy_other_lines, args=[read_end, saved], daemon=True)
    thread.start()
    os.dup2(write_end, 2)
    os.close(write_end)
    try:
        yield
    finally:
        os.dup2(saved, 2)
        thread.join(1)  # returns at once unless a process that Ray started keeps stderr open


def _copy_other_lines(read_end: int, saved: int) -> None:
    with open(read_end, "rb") as lines, open(saved, "wb", buffering=0) as stderr:
        for line in lines:
            if not _LOG_LINE.match(line):
                with contextlib.suppress(OSError):
                    stderr.write(line)
