"""Which web addresses are fetched: their form is judged before a request, where they lead when a socket is opened."""

import socket
from typing import Any

from yarl import URL

from artsim.scrape.verdict import Failure, Verdict
from artsim.sources.address import is_public


class NotPublic(OSError):
    """A connection to an address that is not public was refused.

    The text names no address: of equal texts the connector raises the exception itself, of several only a summary.
    """

    def __init__(self) -> None:
        super().__init__(
            "leads to a loopback, private or otherwise not public address (--allow-host opens single hosts)"
        )


def web_address(text: str | None, base: URL | None = None) -> URL:
    """An address as a request needs it. ``base`` is what a redirect's address may be relative to.

    Failure ``forbidden_address``: no http or https address, no host, a user name or password in it, port 0.
    """
    if not text or not text.strip():
        raise _forbidden("the catalogue names no image address" if base is None else "a redirect to nowhere")
    try:
        url = URL(text.strip())
        url = (base.join(url) if base is not None else url).with_fragment(None)
        scheme, host, port = url.scheme, url.raw_host, url.explicit_port
    except ValueError as error:
        raise _forbidden(f"not a web address: {error}") from error
    if scheme not in ("http", "https"):
        raise _forbidden(f"only http and https addresses are fetched, not {scheme or 'relative'} ones")
    if not host or not host.strip("."):
        raise _forbidden("the address names no host")
    if url.raw_user is not None or url.raw_password is not None:
        raise _forbidden("the address carries a user name or password")
    if port == 0:
        raise _forbidden("port 0 is no port")
    return url


def host_of(url: URL) -> str:
    """The host that politeness counts by: the name alone, whatever the scheme and port."""
    return (url.raw_host or "").rstrip(".").lower()


def public_socket(addr_info: tuple[Any, ...]) -> socket.socket:
    """A socket for an address that is about to be connected to; NotPublic instead of one for what is not public.

    This is where names are resolved already, so that no spelling, redirect or change of a name's address gets past.
    """
    family, kind, protocol, _, address = addr_info
    if not is_public(address[0]):
        raise NotPublic
    return socket.socket(family, kind, protocol)


def _forbidden(detail: str) -> Failure:
    return Failure(Verdict("forbidden_address", detail))
