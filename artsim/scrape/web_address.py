"""Validates the form of web addresses before a request; http/public_socket.py checks the IP address behind them."""

from yarl import URL

from artsim.scrape.status import Failure, FetchStatus


def web_address(text: str | None, base: URL | None = None) -> URL:
    """Parses an address for a request. ``base`` is the address that a redirect may be relative to.

    Raises ``Failure`` with status ``forbidden_address`` if the address is empty or malformed, is not http or https, or
    has no host, a user name, a password or port 0.
    """
    if not text or not text.strip():
        raise _forbidden("the catalog row has no image address" if base is None else "redirect without a Location")
    try:
        url = URL(text.strip())
        url = (base.join(url) if base is not None else url).with_fragment(None)
        scheme, host, port = url.scheme, url.raw_host, url.explicit_port
    except ValueError as error:
        raise _forbidden(f"not a web address: {error}") from error
    if scheme not in ("http", "https"):
        raise _forbidden(f"only http and https addresses are fetched, not {scheme or 'relative'} ones")
    if not host or not host.strip("."):
        raise _forbidden("the address has no host")
    if url.raw_user is not None or url.raw_password is not None:
        raise _forbidden("the address contains a user name or password")
    if port == 0:
        raise _forbidden("port 0 is invalid")
    return url


def host_of(url: URL) -> str:
    """Returns the host name that rate limits apply to, without scheme and port."""
    return (url.raw_host or "").rstrip(".").lower()


def _forbidden(detail: str) -> Failure:
    return Failure(FetchStatus("forbidden_address", detail))
