"""Fetches JSON over HTTP from museums' servers, with retries, pauses, size limits and address checks.

Only for catalogs; the scraper fetches images.
"""

import logging
import random
import time
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import HTTPError

from artsim.archive import UserError
from artsim.archive.json_text import parse_json
from artsim.http.allowed_hosts import AllowedHosts
from artsim.http.requests_guard import Guard, Refused
from artsim.http.retry_after import seconds_to_wait
from artsim.http.user_agent import user_agent

_MAX_ATTEMPTS = 5
_FIRST_DELAY = 1.0  # seconds before the first retry, doubled for each further one
_MAX_DELAY = 120.0  # seconds; if a server asks for more, the request fails
_MIN_INTERVAL = 0.2  # seconds between two requests
_TIMEOUT = (10, 30)  # seconds to connect, and between two packets
_MAX_SECONDS = 180.0  # maximum seconds for one answer
_MAX_BYTES = 64 << 20  # maximum bytes of one answer, decompressed
_REDIRECTS = 5
_BUSY = {429, 500, 502, 503, 504}

_sleep = time.sleep
_log = logging.getLogger(__name__)


class Unreachable(Exception):
    """A document could not be fetched; ``reason`` is one of a few texts, the message has the details.

    ``server`` means that the server is busy or unreachable, so other requests to it are likely to fail too.
    """

    def __init__(self, reason: str, detail: str, server: bool = False) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.server = server


class Web:
    """A client that fetches JSON, with the pauses, retries and address checks of all HTTP sources.

    ``contact`` is for the User-Agent. Requests go only to public addresses, to ``allowed`` hosts and to the host of
    ``location``, because the caller named it. The address is checked when the connection is made, also after a
    redirect, so it does not matter what the name resolved to before.
    """

    def __init__(self, contact: str | None, allowed: Iterable[str], location: str | None) -> None:
        self._session = requests.Session()
        self._session.trust_env = False  # no proxy that could reach private hosts, no passwords from ~/.netrc
        self._session.max_redirects = _REDIRECTS
        self._session.headers["User-Agent"] = user_agent(contact)
        self._session.headers["Accept"] = "application/json, application/ld+json, */*;q=0.1"
        self._session.adapters.clear()
        guard = Guard(AllowedHosts([*allowed, *_own_host(location or "")]))
        self._session.mount("http://", guard)
        self._session.mount("https://", guard)
        self._next = 0.0

    def json(self, url: str, params: dict[str, Any] | None = None) -> Any:
        """Return the JSON at an address, parsed; a busy server or lost connection is retried.

        Raises ``Unreachable`` if there is no JSON, or if the server still fails after several tries.
        """
        delay = _FIRST_DELAY
        for attempt in range(1, _MAX_ATTEMPTS + 1):
            _sleep(max(0.0, self._next - time.monotonic()))
            try:
                return parse_json(self._bytes(url, params))
            except _Retry as retry:
                wait = retry.wait if retry.wait is not None else delay * random.uniform(0.5, 1.5)
                if attempt == _MAX_ATTEMPTS or wait > _MAX_DELAY:
                    raise Unreachable(retry.reason, url, server=True) from retry
                _log.info("catalog: %s from %s, trying again in %.0f s", retry.reason, url, wait)
                _sleep(wait)
                delay *= 2
            except ValueError as error:
                raise Unreachable("the response is not JSON", f"{url}: {error}") from error
            finally:
                self._next = time.monotonic() + _MIN_INTERVAL
        raise AssertionError("unreachable")

    def _bytes(self, url: str, params: dict[str, Any] | None) -> bytes:
        """Send one request and return its body. Raises ``_Retry`` if a retry may succeed."""
        deadline = time.monotonic() + _MAX_SECONDS
        try:
            with self._session.get(url, params=params, timeout=_TIMEOUT, stream=True) as response:
                if response.status_code in _BUSY:
                    raise _Retry(f"HTTP {response.status_code}", seconds_to_wait(response.headers.get("Retry-After")))
                if response.status_code != 200:
                    raise Unreachable(f"HTTP {response.status_code}", url)
                content = bytearray()
                # read1 returns what has arrived, so a slow answer cannot evade the deadline
                while block := response.raw.read1(1 << 16, decode_content=True):
                    content += block
                    if len(content) > _MAX_BYTES:
                        raise Unreachable(f"the response is larger than {_MAX_BYTES >> 20} MiB", url)
                    if time.monotonic() > deadline:
                        raise _Retry("the response takes too long", None)
                return bytes(content)
        except Refused as error:
            raise Unreachable("address is not public; allow the host with `allow_host`", f"{url} ({error})") from error
        except (requests.exceptions.InvalidSchema, requests.exceptions.MissingSchema) as error:
            raise Unreachable("neither http nor https", url) from error
        except (requests.exceptions.InvalidURL, requests.exceptions.TooManyRedirects, UnicodeError) as error:
            raise Unreachable("invalid address or too many redirects", f"{url}: {error}") from error
        except requests.Timeout as error:
            raise _Retry("timeout", None) from error
        except (requests.RequestException, HTTPError) as error:
            raise _Retry("no connection", None) from error


def _own_host(location: str) -> list[str]:
    """Return the host and port of a web address in the form of ``allow_host``; an empty list for a path."""
    parts = urlsplit(location)
    if parts.scheme not in ("http", "https"):
        return []
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError as error:
        raise UserError(f"`location` {location}: {error}") from error
    if not parts.hostname or parts.username is not None:
        raise UserError(f"`location` {location}: must be an address with a host and without a user name")
    return [f"[{parts.hostname}]:{port}" if ":" in parts.hostname else f"{parts.hostname}:{port}"]


class _Retry(Exception):
    """A retry may succeed; ``wait`` is the number of seconds that the server asked for, if it did."""

    def __init__(self, reason: str, wait: float | None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.wait = wait
