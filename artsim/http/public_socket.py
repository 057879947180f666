"""Restricts connections of ``aiohttp`` to public addresses, checked when they are made."""

import socket
from typing import Any

from artsim.http.allowed_hosts import is_public


class NotPublic(OSError):
    """A connection to an address that is not public was refused.

    The text names no address. If all attempts fail with the same text, the connector raises this exception itself;
    otherwise it raises only a summary.
    """

    def __init__(self) -> None:
        super().__init__("resolves to a loopback, private or other non-public address (allow it with `allow_host`)")


def public_socket(addr_info: tuple[Any, ...]) -> socket.socket:
    """Creates a socket for a resolved address. Raises ``NotPublic`` if the address is not public.

    Names are already resolved here, so no spelling, redirect or DNS change bypasses the check.
    """
    family, kind, protocol, _, address = addr_info
    if not is_public(address[0]):
        raise NotPublic
    return socket.socket(family, kind, protocol)
