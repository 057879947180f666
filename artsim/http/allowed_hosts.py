"""Decides which network hosts may be contacted, for the sources and the scraper.

Checks addresses and names only; callers resolve names and open connections.
"""

import ipaddress
from collections.abc import Iterable

from artsim.archive import UserError

_MAPPED_IPV4 = ipaddress.ip_network("::ffff:0:0/96")
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_SIX_TO_FOUR = ipaddress.ip_network("2002::/16")
_UNICAST_IPV6 = ipaddress.ip_network("2000::/3")
# Special ranges that some Python versions report as global: protocol assignments, 6to4 relays (RFC 7526) and
# documentation (RFC 9637). 168.63.129.16 is a public address that answers only machines inside Azure.
_SPECIAL_IPV4 = tuple(map(ipaddress.ip_network, ("192.0.0.0/24", "192.88.99.0/24", "168.63.129.16/32")))
_DOCUMENTATION_IPV6 = ipaddress.ip_network("3fff::/20")


def is_public(ip: str) -> bool:
    """Return whether an IPv4 or IPv6 address, given as text, is public.

    Loopback, private, link-local (including cloud metadata services), shared, multicast, reserved and documentation
    ranges are not public. IPv6 that carries an IPv4 address (mapped, NAT64, 6to4) is judged by the IPv4 address.
    Text that is not an address is not public. Follows the IANA special-purpose address registries.
    """
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv4Address):
        return address.is_global and not address.is_multicast and not any(address in net for net in _SPECIAL_IPV4)
    if getattr(address, "scope_id", None):
        return False
    if address in _MAPPED_IPV4 or address in _NAT64:
        return is_public(str(ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)))
    if address in _SIX_TO_FOUR:
        return is_public(str(ipaddress.IPv4Address(int(address) >> 80 & 0xFFFF_FFFF)))
    return address in _UNICAST_IPV6 and address.is_global and address not in _DOCUMENTATION_IPV6


class AllowedHosts:
    """The hosts that `allow_host HOST[:PORT] ...` allows although their addresses are not public.

    Hosts are compared by name as written in the address, not by the machine behind it: `127.0.0.1:8000` allows neither
    `localhost:8000` nor any other name that resolves to 127.0.0.1. Without a port, every port of the host is allowed.
    """

    def __init__(self, hosts: Iterable[str] = ()) -> None:
        self._allowed = frozenset(_split(text) for text in hosts)

    def allows(self, host: str, port: int) -> bool:
        """Return whether a host, as written in an address (IPv6 with or without brackets), is allowed at a port."""
        name = _plain(host)
        return (name, None) in self._allowed or (name, port) in self._allowed


def _split(text: str) -> tuple[str, int | None]:
    """Split `HOST`, `HOST:PORT`, `[IPv6]`, `[IPv6]:PORT` or a bare IPv6 address into host and port.

    Raises ``UserError`` for anything else.
    """
    host, separator, port = text.strip().rpartition(":")
    if not separator or text.strip().endswith("]") or (":" in host and not host.endswith("]")):
        host, port = text.strip(), ""
    elif not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise UserError(f"`allow_host` {text}: not a valid port: {port or '(empty)'}; must be 1 to 65535")
    name = _plain(host)
    if not name or any(character in name for character in "/@[]?#* "):
        raise UserError(
            f"`allow_host` {text}: must be a host or IP address, with an optional port, as in 127.0.0.1:8000"
        )
    return name, int(port) if port else None


def _plain(host: str) -> str:
    """Return a host name in the normalized form used for comparison."""
    name = host.strip().removeprefix("[").removesuffix("]").rstrip(".").lower()
    try:
        return str(ipaddress.ip_address(name))
    except ValueError:
        return name
