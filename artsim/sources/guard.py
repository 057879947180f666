"""Connections of requests to public addresses and allowed hosts alone, judged at the moment they are made."""

import socket
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

from artsim.sources.address import AllowedHosts, is_public


class Refused(Exception):
    """Not an OSError, so that nothing on the way takes it for a connection that failed."""


class Guard(HTTPAdapter):
    """Connects to public addresses and allowed hosts alone."""

    def __init__(self, allowed: AllowedHosts) -> None:
        self._allowed = allowed
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Makes the pools from which requests takes its connections, with ours in them."""
        super().init_poolmanager(*args, **kwargs)
        allowed = self._allowed

        class Plain(HTTPConnection):
            def _new_conn(self) -> socket.socket:
                return _connected(self, allowed)

        class Secure(HTTPSConnection):
            def _new_conn(self) -> socket.socket:
                return _connected(self, allowed)

        plain = type("PlainPool", (HTTPConnectionPool,), {"ConnectionCls": Plain})
        secure = type("SecurePool", (HTTPSConnectionPool,), {"ConnectionCls": Secure})
        self.poolmanager.pool_classes_by_scheme = {"http": plain, "https": secure}


def _connected(connection: HTTPConnection, allowed: AllowedHosts) -> socket.socket:
    """A socket to the connection's host, at the very address that was looked at."""
    host = connection.host.strip("[]")
    addresses = socket.getaddrinfo(host, connection.port, type=socket.SOCK_STREAM)
    if not allowed.allows(host, connection.port):
        refused = [str(address[4][0]) for address in addresses if not is_public(str(address[4][0]))]
        if refused:
            raise Refused(f"{host} is {refused[0]}")
    problem: OSError | None = None
    timeout = connection.timeout if isinstance(connection.timeout, int | float) else None
    for *_, place in addresses:
        try:
            return socket.create_connection((str(place[0]), connection.port), timeout)
        except OSError as error:
            problem = error
    raise problem or OSError(f"{host} has no address")
