"""Sends one HTTP request with size and time limits, and maps each kind of error to a status. Follows no redirects."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

import aiohttp
from multidict import CIMultiDictProxy
from yarl import URL

from artsim.http.allowed_hosts import AllowedHosts
from artsim.http.public_socket import NotPublic, public_socket
from artsim.http.retry_after import seconds_to_wait
from artsim.scrape.options import ScrapeOptions
from artsim.scrape.robots import opted_out
from artsim.scrape.status import Failure, FetchStatus
from artsim.scrape.web_address import web_address

LONGEST_WAIT = 600.0  # seconds; a row is not retried in this run if Retry-After asks for more
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_GONE = frozenset({404, 410})
_READ_BUFFER = 1 << 18  # bytes; smaller buffers make the transport pause and resume often


@dataclass(frozen=True, slots=True)
class Response:
    """A response: a body (status 200 or 203), a redirect's ``location``, or neither (304)."""

    status: int
    body: bytes = b""
    location: URL | None = None
    etag: str | None = None
    last_modified: str | None = None


class Client:
    """An HTTP client without cookies, proxies, credentials or connections to addresses that are not public.

    Hosts opened by ``allow_host`` have a separate connector, so the check of all other hosts has no exceptions.
    """

    def __init__(self, options: ScrapeOptions) -> None:
        self._options = options
        self._allowed = AllowedHosts(options.allow_host)
        self._public_session = _session(options, aiohttp.TCPConnector(limit=0, socket_factory=public_socket))
        self._allowed_hosts_session = _session(options, aiohttp.TCPConnector(limit=0))

    async def close(self) -> None:
        """Closes all connections."""
        await self._public_session.close()
        await self._allowed_hosts_session.close()

    async def get(self, url: URL, headers: Mapping[str, str] | None = None, cut_at: int | None = None) -> Response:
        """Sends one request. Raises ``Failure`` for errors, opt-outs and any status but 200, 203, 304 and redirects.

        ``cut_at``: read that many bytes and ignore the rest, instead of failing above ``max_bytes``.
        """
        is_allowed = self._allowed.allows(url.host or "", url.port or 0)
        session = self._allowed_hosts_session if is_allowed else self._public_session
        chunks: list[bytes] = []
        try:
            async with asyncio.timeout(self._options.timeout):
                async with session.get(url, headers=headers, allow_redirects=False) as response:
                    return await self._read(response, chunks, cut_at)
        except Failure:
            raise
        except TimeoutError as error:
            detail = f"no complete response within {self._options.timeout:g} s (limit `timeout`)"
            raise Failure(
                FetchStatus("timeout", f"{detail}; received {_size(chunks):,} bytes"), retryable=True
            ) from error
        except aiohttp.ClientSSLError as error:
            raise _network_failure(f"no secure connection to {url.host}: {_reason(error)}") from error
        except aiohttp.ClientConnectorError as error:
            if isinstance(error.os_error, NotPublic):
                raise Failure(FetchStatus("forbidden_address", f"{url.host} {error.os_error}")) from error
            raise _network_failure(
                f"no connection to {url.host}: {_reason(error.os_error)}", unreachable=True
            ) from error
        except aiohttp.ClientPayloadError as error:
            if "decode content-encoding" in str(error):
                raise Failure(FetchStatus("corrupt", "the response can't be decompressed")) from error
            raise _network_failure(f"the response ended early, after {_size(chunks):,} bytes") from error
        except (aiohttp.InvalidURL, UnicodeError) as error:
            raise Failure(FetchStatus("forbidden_address", f"not a web address: {error}")) from error
        except (aiohttp.ClientError, OSError) as error:
            raise _network_failure(f"invalid or incomplete HTTP response: {_reason(error)}") from error

    async def _read(self, response: aiohttp.ClientResponse, chunks: list[bytes], cut_at: int | None) -> Response:
        status, headers = response.status, response.headers
        directive = opted_out(headers.getall("X-Robots-Tag", ()))
        if directive:
            detail = f"the site opts out of this use (X-Robots-Tag: {directive})"
            raise Failure(FetchStatus("opt_out", detail, status, removed=True))
        if status in _REDIRECTS:
            return Response(status, location=web_address(headers.get("Location"), base=response.url))
        if status == 304:
            return Response(status)
        if status not in (200, 203):
            raise _http_failure(status, headers)
        limit = self._options.max_bytes
        if cut_at is None and (response.content_length or 0) > limit:
            raise _too_large(f"Content-Length is {response.content_length:,} bytes", limit)
        size = 0
        async for chunk in response.content.iter_any():
            chunks.append(chunk)
            size += len(chunk)
            if cut_at is not None and size >= cut_at:
                break
            if cut_at is None and size > limit:
                raise _too_large(f"stopped after {size:,} bytes", limit)
        validators = (_utf8(headers.get(name)) for name in ("ETag", "Last-Modified"))
        return Response(status, b"".join(chunks)[:cut_at], None, *validators)


def _session(options: ScrapeOptions, connector: aiohttp.TCPConnector) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=connector,
        headers={
            "User-Agent": options.user_agent,
            "Accept": "image/*, */*;q=0.5",
            "Accept-Encoding": "identity",  # images are compressed already
        },
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None),
        trust_env=False,
        read_bufsize=_READ_BUFFER,
    )


def _http_failure(status: int, headers: CIMultiDictProxy[str]) -> Failure:
    try:
        detail = f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        detail = str(status)
    retryable = status == 429 or status >= 500
    retry_after = (seconds_to_wait(headers.get("Retry-After")) or 0.0) if status in (429, 503) else 0.0
    if retry_after > LONGEST_WAIT:
        retryable, detail = False, f"{detail}; Retry-After asks for a wait of {retry_after:,.0f} s"
    return Failure(
        FetchStatus("http", detail, status, status in _GONE),
        retryable=retryable,
        retry_after=retry_after if retryable else 0.0,
    )


def _utf8(header: str | None) -> str | None:
    """Returns a header that can be stored and sent again; None if it is empty or not ASCII."""
    return header if header and header.isascii() else None


def _size(chunks: list[bytes]) -> int:
    return sum(map(len, chunks))


def _too_large(reason: str, limit: int) -> Failure:
    return Failure(FetchStatus("too_large", f"{reason} (limit `max_bytes` {limit:,})"))


def _network_failure(detail: str, *, unreachable: bool = False) -> Failure:
    return Failure(FetchStatus("network", detail, unreachable=unreachable), retryable=True)


def _reason(error: BaseException) -> str:
    text = error.message if isinstance(error, aiohttp.ClientResponseError) else str(error)
    return text.partition("\n")[0].rstrip(":") or type(error).__name__
