"""Fetches one row until it has a status: attempts, waits between them, redirects, robots.txt, image check."""

import asyncio
import contextlib
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from yarl import URL

from artsim.scrape.client import Client, Response
from artsim.scrape.image_columns import image_columns
from artsim.scrape.local_files import Files
from artsim.scrape.options import ScrapeOptions
from artsim.scrape.pending import NEW_ADDRESS_FAILED, Row
from artsim.scrape.rate_limit_client import CoordinatorLost, RateLimitClient
from artsim.scrape.robots import MAX_ROBOTS_BYTES, Robots, as_text
from artsim.scrape.status import Deferred, Failure, FetchStatus, internal
from artsim.scrape.web_address import host_of, web_address
from artsim.vision.check import BadImage
from artsim.vision.isolated_process import IsolatedProcess

_REDIRECTS = 5
_BACKOFF = 0.5  # maximum seconds before the second attempt, doubled for each further one; the wait is random
_MAX_BACKOFF = 60.0
_REFRESH_FAILED = "; refresh failed: "


@dataclass(slots=True)
class RowResult:
    """The result of a row: the columns of its images row; if ``kept``, only those that change.

    ``outcome`` is the status of this run's fetch, even if the row keeps another one; ``stored``: the row already had
    an image.
    """

    columns: dict[str, Any]
    host: str
    outcome: FetchStatus
    stored: bool = False
    kept: bool = False
    spent: Counter[str] = field(default_factory=Counter)  # nanoseconds by phase


class Fetcher:
    """Fetches rows with a client, files, and threads for decoding.

    The caller sets ``rate_limit_client``. While ``has_room`` is not set, downloaded bodies wait for decoding.
    """

    rate_limit_client: RateLimitClient

    def __init__(self, options: ScrapeOptions, client: Client, files: Files, threads: Executor) -> None:
        self._options = options
        self._client = client
        self._files = files
        self._threads = threads
        self._isolated_process = IsolatedProcess()
        self.has_room = asyncio.Event()
        self.has_room.set()

    async def fetch(self, row: Row) -> RowResult:
        """Fetches a row until it has a status; unexpected errors become a status, too.

        Raises ``Deferred`` if the wait for its host is too long (``row.attempts`` counts the attempts so far), and
        ``CoordinatorLost``.
        """
        spent: Counter[str] = Counter()
        while True:
            try:
                columns = await self._attempt(row, spent)
                return self._row_result(
                    row, FetchStatus("ok", ""), _fetched_columns(row, columns), columns is None, spent
                )
            except (Deferred, CoordinatorLost):
                raise
            except Exception as error:  # an error in artsim ends its row, not the run
                failure = error if isinstance(error, Failure) else Failure(internal(error))
                if not failure.retryable or row.attempts > self._options.retries:
                    kept = row.stored is not None and not (failure.outcome.removed and self._options.drop_removed)
                    return self._row_result(
                        row, failure.outcome, _failed_columns(row, failure.outcome, kept), kept, spent
                    )
                started = time.monotonic_ns()
                # the coordinator enforces the wait that a server asks for
                await asyncio.sleep(0 if failure.retry_after else _backoff(row.attempts))
                spent["wait"] += time.monotonic_ns() - started

    async def read_robots(self, origin: str) -> Robots:
        """Returns the robots.txt of a site. RFC 9309: a missing file allows everything, an unreachable one nothing."""
        try:
            url = URL(origin) / "robots.txt"
            async with self._response(url, Row("", None), Counter(), obey=False, cut_at=MAX_ROBOTS_BYTES) as response:
                return Robots.read(as_text(response.body))
        except Failure as failure:
            outcome = failure.outcome
            if failure.retryable or (outcome.http_status or 0) >= 500:
                status = "robots" if outcome.http_status else outcome.status
                detail = f"robots.txt is unavailable, so nothing is fetched: {outcome.detail}"
                unavailable = FetchStatus(status, detail, outcome.http_status, unreachable=outcome.unreachable)
                return Robots(failure=unavailable, permanent=not failure.retryable)
            if outcome.status in ("http", "redirect_loop"):
                return Robots()
            return Robots(failure=outcome)

    async def _attempt(self, row: Row, spent: Counter[str]) -> dict[str, Any] | None:
        """Returns the columns of an image; None if the stored image is unchanged."""
        if row.url and not row.url.strip().lower().startswith(("http:", "https:")):
            row.attempts += 1
            started = time.monotonic_ns()
            data = await self._in_thread(self._files.read, row.id.partition(":")[0], row.url)
            spent["fetch"] += time.monotonic_ns() - started
            return await self._verified(data, row, spent)
        async with self._response(web_address(row.url), row, spent) as response:
            if response.status == 304:
                if not (row.stored and row.stored.validators):
                    raise Failure(FetchStatus("http", "304 Not Modified for an unconditional request", 304))
                return None
            try:
                # the slot is still held, so there are never more bodies than slots
                columns = await self._verified(response.body, row, spent)
            except Failure as failure:
                failure.outcome = failure.outcome._replace(http_status=response.status)
                raise
        return {
            **columns,
            "http_status": response.status,
            "etag": response.etag,
            "last_modified": response.last_modified,
        }

    @contextlib.asynccontextmanager
    async def _response(
        self, url: URL, row: Row, spent: Counter[str], *, obey: bool = True, cut_at: int | None = None
    ) -> AsyncIterator[Response]:
        """Follows redirects and yields the final answer, while its host's slot is still held."""
        headers = row.stored.validators if row.stored else {}
        seen: set[URL] = set()
        while url not in seen:
            if len(seen) > _REDIRECTS:
                raise Failure(FetchStatus("redirect_loop", f"more than {_REDIRECTS} redirects"))
            queued = time.monotonic_ns()
            with _redirect_keeps_image(bool(seen)):
                async with self.rate_limit_client.visit(url, obey=obey):
                    started = time.monotonic_ns()
                    spent["wait"] += started - queued
                    row.attempts += not seen
                    try:
                        response = await self._client.get(url, headers, cut_at)
                    finally:
                        spent["fetch"] += time.monotonic_ns() - started
                    if response.location is None:
                        yield response
                        return
            seen.add(url)
            url = response.location
        raise Failure(FetchStatus("redirect_loop", f"redirects lead back to {url}"))

    async def _verified(self, data: bytes, row: Row, spent: Counter[str]) -> dict[str, Any]:
        await self.has_room.wait()
        started = time.monotonic_ns()
        isolated = [self._isolated_process] if row.isolated else []
        try:
            return await self._in_thread(*isolated, image_columns, data, self._options.max_pixels, self._options.resize)
        except BadImage as bad:
            raise Failure(FetchStatus(bad.status, bad.detail)) from bad
        finally:
            spent["verify"] += time.monotonic_ns() - started

    async def _in_thread(self, function: Any, *arguments: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._threads, function, *arguments)

    def _row_result(
        self, row: Row, outcome: FetchStatus, columns: dict[str, Any], kept: bool, spent: Counter[str]
    ) -> RowResult:
        now = max(datetime.now(UTC), self._options.started)  # another machine's clock may be behind
        columns = {"id": row.id, "attempts": row.attempts, "fetched_at": now, **columns}
        return RowResult(columns, _host_label(row.url), outcome, row.stored is not None, kept, spent)


def _fetched_columns(row: Row, columns: dict[str, Any] | None) -> dict[str, Any]:
    """Returns what to write for a row whose image was fetched, or is unchanged (``columns`` is None)."""
    restored = {"http_status": 304} if columns is None and row.stored and row.stored.status != "ok" else {}
    return {"status": "ok", "detail": None, **restored, **(columns or {})}


def _failed_columns(row: Row, outcome: FetchStatus, kept: bool) -> dict[str, Any]:
    """Returns what to write for a row without a new image. A ``kept`` image keeps its status, unless removed."""
    if not kept or row.stored is None:
        return {"status": outcome.status, "detail": _plain(outcome.detail) or None, "http_status": outcome.http_status}
    if outcome.removed:
        detail = _plain(f"removed: {outcome.detail}; the stored image is kept")
        return {"status": outcome.status, "detail": detail, "http_status": outcome.http_status}
    if row.stored.moved and row.stored.status == "ok":
        return {"status": "ok", "detail": _plain(f"{NEW_ADDRESS_FAILED}{outcome.detail}")}
    prefix = f"{(row.stored.detail or '').partition(_REFRESH_FAILED)[0]}; " if row.stored.status != "ok" else ""
    return {"status": row.stored.status, "detail": _plain(f"{prefix}{_REFRESH_FAILED.lstrip('; ')}{outcome.detail}")}


@contextlib.contextmanager
def _redirect_keeps_image(redirected: bool) -> Iterator[None]:
    """Clears ``removed`` after a redirect: robots.txt may forbid its target, say a login page, but not the image."""
    try:
        yield
    except Failure as failure:
        if redirected and failure.outcome.status == "robots":
            failure.outcome = failure.outcome._replace(removed=False)
        raise


def _backoff(attempts: int) -> float:
    """Returns the seconds to wait: full jitter, as in Brooker, "Exponential Backoff And Jitter" (2015)."""
    return random.uniform(0, min(_MAX_BACKOFF, _BACKOFF * 2 ** (attempts - 1)))


def _plain(text: str) -> str:
    """Returns one line of valid UTF-8, at most 300 characters; servers may send line breaks and invalid text."""
    return " ".join(text.split()).encode("utf-8", "replace").decode()[:300]


def _host_label(url: str | None) -> str:
    try:
        return host_of(URL(url or "")) or "no host"
    except ValueError:
        return "no host"
