"""Which hosts on the network may be spoken to: one rule for the sources here and for the scraper above.

It judges addresses and names; resolving names and opening connections is for those who do it.
"""

import ipaddress
from collections.abc import Iterable

from artsim.archive import Mistake

_MAPPED_IPV4 = ipaddress.ip_network("::ffff:0:0/96")
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_SIX_TO_FOUR = ipaddress.ip_network("2002::/16")
_UNICAST_IPV6 = ipaddress.ip_network("2000::/3")
# Special ranges that some Pythons call global: protocol assignments, 6to4 relays (RFC 7526), documentation (RFC 9637);
# and the one public address at which a cloud (Azure) answers its own machines alone.
_SPECIAL_IPV4 = tuple(map(ipaddress.ip_network, ("192.0.0.0/24", "192.88.99.0/24", "168.63.129.16/32")))
_DOCUMENTATION_IPV6 = ipaddress.ip_network("3fff::/20")


def is_public(ip: str) -> bool:
    """Whether an address, IPv4 or IPv6 in text, is one that anybody on the internet may hold.

    Loopback, private, link-local (the clouds' metadata service too), shared, multicast, reserved and documentation
    ranges are not, whatever they are wrapped in: IPv6 that carries an IPv4 address (mapped, NAT64, 6to4) is judged
    by that one. Text that is no address is not public. After the IANA special-purpose address registries.
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
    """The hosts that `--allow-host HOST[:PORT] ...` opens although their addresses are not public.

    A host stands for its name as an address writes it, not for the machine behind it: `127.0.0.1:8000` opens neither
    `localhost:8000` nor any other name that resolves to 127.0.0.1. Without a port, every port of that host is open.
    """

    def __init__(self, hosts: Iterable[str] = ()) -> None:
        self._open = frozenset(_split(text) for text in hosts)

    def allows(self, host: str, port: int) -> bool:
        """Whether a host, as it stands in an address (IPv6 with or without brackets), is open at a port."""
        name = _plain(host)
        return (name, None) in self._open or (name, port) in self._open


def _split(text: str) -> tuple[str, int | None]:
    """`HOST`, `HOST:PORT`, `[IPv6]`, `[IPv6]:PORT` or a bare IPv6 as host and port; Mistake when it is none of them."""
    host, colon, port = text.strip().rpartition(":")
    if not colon or text.strip().endswith("]") or (":" in host and not host.endswith("]")):
        host, port = text.strip(), ""
    elif not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise Mistake(f"--allow-host {text}: {port or 'nothing'} is no port number")
    name = _plain(host)
    if not name or any(sign in name for sign in "/@[]?#* "):
        raise Mistake(f"--allow-host {text}: give a host name or address, with a port if need be, as in 127.0.0.1:8000")
    return name, int(port) if port else None


def _plain(host: str) -> str:
    """A host name in the one form in which names are compared."""
    name = host.strip().removeprefix("[").removesuffix("]").rstrip(".").lower()
    try:
        return str(ipaddress.ip_address(name))
    except ValueError:
        return name
