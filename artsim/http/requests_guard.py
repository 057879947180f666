"""Restricts connections of ``requests`` to public addresses and allowed hosts, checked when they are made."""

import socket
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

from artsim.http.allowed_hosts import AllowedHosts, is_public


class Refused(Exception):
    """A connection to a forbidden address; not an ``OSError``, so libraries do not treat it as a failed connection."""


class Guard(HTTPAdapter):
    """An HTTP adapter that connects only to public addresses and allowed hosts."""

    def __init__(self, allowed: AllowedHosts) -> None:
        self._allowed = allowed
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Create the connection pools of ``requests`` with connection classes that check addresses."""
        super().init_poolmanager(*args, **kwargs)
        allowed = self._allowed

        class GuardedConnection(HTTPConnection):
            def _new_conn(self) -> socket.socket:
                return _connect(self, allowed)

        class Secure(HTTPSConnection):
            def _new_conn(self) -> socket.socket:
                return _connect(self, allowed)

        http_pool = type("GuardedPool", (HTTPConnectionPool,), {"ConnectionCls": GuardedConnection})
        https_pool = type("SecurePool", (HTTPSConnectionPool,), {"ConnectionCls": Secure})
        self.poolmanager.pool_classes_by_scheme = {"http": http_pool, "https": https_pool}


def _connect(connection: HTTPConnection, allowed: AllowedHosts) -> socket.socket:
    """Connect to the connection's host, at the addresses that were checked. Raises ``Refused`` if one is forbidden."""
    host = connection.host.strip("[]")
    addresses = socket.getaddrinfo(host, connection.port, type=socket.SOCK_STREAM)
    if not allowed.allows(host, connection.port):
        refused = [str(address[4][0]) for address in addresses if not is_public(str(address[4][0]))]
        if refused:
            raise Refused(f"{host} is {refused[0]}")
    last_error: OSError | None = None
    timeout = connection.timeout if isinstance(connection.timeout, int | float) else None
    for *_, socket_address in addresses:
        try:
            return socket.create_connection((str(socket_address[0]), connection.port), timeout)
        except OSError as error:
            last_error = error
    raise last_error or OSError(f"{host} has no address")
