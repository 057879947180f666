"""Starts Ray for this machine alone: its ports on loopback, its token for its owner, its log lines to no terminal."""

import contextlib
import os
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# Off, Ray keeps to 127.0.0.1, as it does on Windows and macOS (ray-project/ray#30770, #31166).
_LOOPBACK = "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"
# The first line about RAY_BACKEND_LOG_LEVEL (ray-project/ray#3662) is written whatever that level is.
_LOG_LINE = re.compile(rb"\[[0-9-]{10} [0-9:,]+ [A-Z] [0-9]+ [0-9]+\] (\(\w+\) )?\w+\.(cc|h):[0-9]+:")


@contextlib.contextmanager
def on_loopback() -> Iterator[dict[str, Any]]:
    """Options for a ``ray.init`` whose processes listen on 127.0.0.1 only; its token file is made owner-only."""
    from ray._private import ray_constants

    _keep_token_private()
    known, before = ray_constants.ENABLE_RAY_CLUSTER, os.environ.get(_LOOPBACK)
    ray_constants.ENABLE_RAY_CLUSTER, os.environ[_LOOPBACK] = False, "0"
    try:
        yield {"_node_ip_address": "127.0.0.1"}  # private: ray-project/ray#30770 names it as the way round
    finally:
        ray_constants.ENABLE_RAY_CLUSTER = known
        if before is None:
            del os.environ[_LOOPBACK]
        else:
            os.environ[_LOOPBACK] = before


def _keep_token_private() -> None:
    """Makes Ray's default token file if it is needed and missing, readable by its owner alone, unlike Ray's own.

    Where it lies and when Ray reads it: https://docs.ray.io/en/latest/ray-security/token-auth.html
    """
    from ray._private.authentication.authentication_token_generator import generate_new_authentication_token
    from ray._raylet import AuthenticationTokenLoader  # type: ignore[attr-defined]

    path = token_file()
    if not _has_home() and "RAY_AUTH_TOKEN_PATH" not in os.environ:  # before Ray's loader complains of it
        os.environ.setdefault("RAY_AUTH_TOKEN", generate_new_authentication_token())
    if os.environ.get("RAY_AUTH_MODE", "token") == "token":
        loader = AuthenticationTokenLoader.instance()
        if not loader.has_token(ignore_auth_mode=True):
            token = generate_new_authentication_token()
            try:
                path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                path.touch(0o600)
                path.write_text(token, encoding="utf-8")
            except OSError:  # a home that cannot be written to: for this run alone
                os.environ["RAY_AUTH_TOKEN"] = token
            loader.reset_cache()
    with contextlib.suppress(OSError):  # of another owner, or none
        if path.stat().st_mode & 0o077:
            path.chmod(0o600)


def token_file() -> Path:
    """Where Ray keeps its token by default; for an account without a home a path at which nothing can be."""
    return (Path.home() if _has_home() else Path(os.devnull)) / ".ray" / "auth_token"


def _has_home() -> bool:
    """Whether the account has a home folder; one without a name may have none."""
    try:
        return bool(Path.home())
    except RuntimeError:
        return False


@contextlib.contextmanager
def without_log_lines() -> Iterator[None]:
    """Passes on what is written to stderr, except the log lines of Ray's C++ parts."""
    try:
        saved = os.dup(2)
    except OSError:  # stderr is closed
        yield
        return
    out, into = os.pipe()
    passing = threading.Thread(target=_pass_on, args=[out, saved], daemon=True)
    passing.start()
    os.dup2(into, 2)
    os.close(into)
    try:
        yield
    finally:
        os.dup2(saved, 2)
        passing.join(1)  # at once, unless a process that Ray started keeps its stderr


def _pass_on(out: int, saved: int) -> None:
    with open(out, "rb") as lines, open(saved, "wb", buffering=0) as to:
        for line in lines:
            if not _LOG_LINE.match(line):
                with contextlib.suppress(OSError):
                    to.write(line)
