"""Runs the application until it is stopped."""

import contextlib
import logging
import os
import socket
from concurrent.futures import Future
from typing import Any

from artsim.archive import Archive, UserError
from artsim.web.app import build_app, check_libraries
from artsim.web.options import ServeOptions
from artsim.web.safety import is_loopback

_MIN_TOKEN_LENGTH = 12  # characters of a token

_log = logging.getLogger(__name__)


def serve(archive: Archive, options: ServeOptions) -> dict[str, Any]:
    """Serves the page until it is interrupted; returns the report fields.

    Raises ``UserError`` if the page's files are missing, the port is taken, a token is required and missing, or the
    archive can't be shown.
    """
    import uvicorn

    token = token_of(options)
    check_libraries()
    listening = _listening(options)
    address = f"http://{_shown(options.host)}:{listening.getsockname()[1]}/"
    guarded = "; it asks for the password" if token else ""
    _log.info("the page is at %s%s; stop it with Ctrl-C", address, guarded)
    app = build_app(archive, options, token=token)
    config = uvicorn.Config(
        app, log_level="warning", access_log=False, server_header=False, timeout_graceful_shutdown=3
    )
    server, loading = uvicorn.Server(config), app.state.site

    def stop_if_failed(done: Future[Any]) -> None:
        server.should_exit = server.should_exit or done.exception() is not None

    loading.add_done_callback(stop_if_failed)
    with contextlib.suppress(KeyboardInterrupt):
        server.run(sockets=[listening])
    count = len(loading.result().collection) if loading.done() else 0  # raises what prevented it
    return {"rows_in": count, "rows_out": count, "rows_failed": 0, "address": address}


def token_of(options: ServeOptions) -> str | None:
    """Returns the token of the options or the environment. Raises ``UserError`` if it is required and missing."""
    token = options.token or os.environ.get("ARTSIM_TOKEN") or None
    if token is None and not is_loopback(options.host):
        raise UserError(
            f"`host` {options.host}: others can connect to it, so a password is required; "
            "set `token`, or ARTSIM_TOKEN in the environment"
        )
    if token is not None and len(token) < _MIN_TOKEN_LENGTH:
        raise UserError(f"`token`: has {len(token)} characters; use {_MIN_TOKEN_LENGTH} or more")
    return token


def _listening(options: ServeOptions) -> socket.socket:
    """Opens the port. Raises ``UserError`` if that is impossible."""
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(options.host, options.port, type=socket.SOCK_STREAM)[0]
        # without the protocol, asyncio leaves Nagle's algorithm on, which delays each answer by 40 ms
        listening = socket.socket(family, kind, protocol)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(place)
        listening.listen(512)
    except OSError as error:
        raise UserError(
            f"`port` {options.port} of `host` {options.host}: {error.strerror or error}; choose another one"
        ) from error
    return listening


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host
