"""One row from its address to its end: attempts, waits between them, redirects, robots.txt, verification."""

import asyncio
import contextlib
import logging
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from yarl import URL

from artsim.scrape.address import host_of, web_address
from artsim.scrape.fetch import Answer, Client
from artsim.scrape.files import Files
from artsim.scrape.gate import Gate, LimitsLost
from artsim.scrape.images import image_columns
from artsim.scrape.options import Options
from artsim.scrape.robots import MAX_ROBOTS_BYTES, Robots, as_text
from artsim.scrape.verdict import Deferred, Failure, Verdict
from artsim.scrape.works import NEW_ADDRESS_FAILED, Row
from artsim.vision.apart import Apart
from artsim.vision.check import BadImage

_REDIRECTS = 5
_BACKOFF = 0.5  # seconds before the second attempt at most, then twice as long each; anything below that is drawn
_BACKOFF_MOST = 60.0
_FAILED = "; refresh failed: "

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Ending:
    """How a row ended: the columns of its images row; where ``kept``, only those that change.

    ``verdict`` is how this run's asking ended, whatever the row says; ``stored``, that the row had an image before.
    """

    columns: dict[str, Any]
    host: str
    verdict: Verdict
    stored: bool = False
    kept: bool = False
    spent: Counter[str] = field(default_factory=Counter)  # nanoseconds by what they were spent on


class Fetcher:
    """What rows need on their way: client, files, threads for decoding.

    ``gate`` is set by who makes both. While ``has_room`` is not set, bodies wait where they are.
    """

    gate: Gate

    def __init__(self, options: Options, client: Client, files: Files, threads: Executor) -> None:
        self._options = options
        self._client = client
        self._files = files
        self._threads = threads
        self._apart = Apart()
        self.has_room = asyncio.Event()
        self.has_room.set()

    async def end(self, row: Row) -> Ending:
        """Follows a row to its end, which is a status whatever happens.

        Deferred: its host can't be asked for too long; ``row.tried`` says how often it was.
        """
        spent: Counter[str] = Counter()
        while True:
            try:
                columns = await self._attempt(row, spent)
                return self._ending(row, Verdict("ok", ""), _found(row, columns), columns is None, spent)
            except (Deferred, LimitsLost):
                raise
            except Exception as error:  # whatever a site can still think of is the end of its row, not of the run
                failure = error if isinstance(error, Failure) else _unforeseen(error)
                if not failure.again or row.tried > self._options.retries:
                    kept = row.stored is not None and not (failure.verdict.removed and self._options.drop_removed)
                    return self._ending(row, failure.verdict, _lacking(row, failure.verdict, kept), kept, spent)
                started = time.monotonic_ns()
                await asyncio.sleep(
                    0 if failure.after else _backoff(row.tried)
                )  # the gate keeps what a server asks for
                spent["wait"] += time.monotonic_ns() - started

    async def read_robots(self, origin: str) -> Robots:
        """The robots.txt of a site. RFC 9309: where there is none all is allowed; while it can't be had, nothing."""
        try:
            url = URL(origin) / "robots.txt"
            async with self._answer(url, Row("", None), Counter(), obey=False, cut_at=MAX_ROBOTS_BYTES) as answer:
                return Robots.read(as_text(answer.body))
        except Failure as failure:
            verdict = failure.verdict
            if failure.again or (verdict.http_status or 0) >= 500:
                status = "robots" if verdict.http_status else verdict.status
                detail = f"robots.txt can't be had, so nothing is taken: {verdict.detail}"
                lost = Verdict(status, detail, verdict.http_status, unreachable=verdict.unreachable)
                return Robots(failure=lost, lasting=not failure.again)
            if verdict.status in ("http", "redirect_loop"):
                return Robots()
            return Robots(failure=verdict)

    async def _attempt(self, row: Row, spent: Counter[str]) -> dict[str, Any] | None:
        """The columns of an image; None if the stored one is still good."""
        if row.url and not row.url.strip().lower().startswith(("http:", "https:")):
            row.tried += 1
            started = time.monotonic_ns()
            data = await self._in_thread(self._files.read, row.id.partition(":")[0], row.url)
            spent["fetch"] += time.monotonic_ns() - started
            return await self._verified(data, row, spent)
        async with self._answer(web_address(row.url), row, spent) as answer:
            if answer.status == 304:
                if not (row.stored and row.stored.validators):
                    raise Failure(Verdict("http", "304 Not Modified, without being asked whether", 304))
                return None
            try:
                # the slot is held: no more bodies than slots at once
                columns = await self._verified(answer.body, row, spent)
            except Failure as failure:
                failure.verdict = failure.verdict._replace(http_status=answer.status)
                raise
        return {**columns, "http_status": answer.status, "etag": answer.etag, "last_modified": answer.last_modified}

    @contextlib.asynccontextmanager
    async def _answer(
        self, url: URL, row: Row, spent: Counter[str], *, obey: bool = True, cut_at: int | None = None
    ) -> AsyncIterator[Answer]:
        """The answer at the end of all redirects, while its host's slot is still held."""
        headers = row.stored.validators if row.stored else {}
        seen: set[URL] = set()
        while url not in seen:
            if len(seen) > _REDIRECTS:
                raise Failure(Verdict("redirect_loop", f"more than {_REDIRECTS} redirects"))
            queued = time.monotonic_ns()
            with _of_another_page(bool(seen)):
                async with self.gate.visit(url, obey=obey):
                    started = time.monotonic_ns()
                    spent["wait"] += started - queued
                    row.tried += not seen
                    try:
                        answer = await self._client.get(url, headers, cut_at)
                    finally:
                        spent["fetch"] += time.monotonic_ns() - started
                    if answer.location is None:
                        yield answer
                        return
            seen.add(url)
            url = answer.location
        raise Failure(Verdict("redirect_loop", f"redirects lead back to {url}"))

    async def _verified(self, data: bytes, row: Row, spent: Counter[str]) -> dict[str, Any]:
        await self.has_room.wait()
        started = time.monotonic_ns()
        apart = [self._apart] if row.careful else []
        try:
            return await self._in_thread(*apart, image_columns, data, self._options.max_pixels, self._options.resize)
        except BadImage as bad:
            raise Failure(Verdict(bad.status, bad.detail)) from bad
        finally:
            spent["verify"] += time.monotonic_ns() - started

    async def _in_thread(self, function: Any, *arguments: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._threads, function, *arguments)

    def _ending(self, row: Row, verdict: Verdict, columns: dict[str, Any], kept: bool, spent: Counter[str]) -> Ending:
        now = max(datetime.now(UTC), self._options.started)  # another machine's clock may be behind
        columns = {"id": row.id, "attempts": row.tried, "fetched_at": now, **columns}
        return Ending(columns, _host_label(row.url), verdict, row.stored is not None, kept, spent)


def _found(row: Row, columns: dict[str, Any] | None) -> dict[str, Any]:
    """What to write of a row whose image came, or (None) is unchanged."""
    back = {"http_status": 304} if columns is None and row.stored and row.stored.status != "ok" else {}
    return {"status": "ok", "detail": None, **back, **(columns or {})}


def _lacking(row: Row, verdict: Verdict, kept: bool) -> dict[str, Any]:
    """What to write of a row whose image did not come. A stored image that is ``kept`` counts on, unless removed."""
    if not kept or row.stored is None:
        return {"status": verdict.status, "detail": _plain(verdict.detail) or None, "http_status": verdict.http_status}
    if verdict.removed:
        detail = _plain(f"removed: {verdict.detail}; the stored image is kept")
        return {"status": verdict.status, "detail": detail, "http_status": verdict.http_status}
    if row.stored.moved and row.stored.status == "ok":
        return {"status": "ok", "detail": _plain(f"{NEW_ADDRESS_FAILED}{verdict.detail}")}
    mark = f"{(row.stored.detail or '').partition(_FAILED)[0]}; " if row.stored.status != "ok" else ""
    return {"status": row.stored.status, "detail": _plain(f"{mark}{_FAILED.lstrip('; ')}{verdict.detail}")}


@contextlib.contextmanager
def _of_another_page(redirected: bool) -> Iterator[None]:
    """What robots.txt says of a page that a redirect leads to, a login say, is not said of the image."""
    try:
        yield
    except Failure as failure:
        if redirected and failure.verdict.status == "robots":
            failure.verdict = failure.verdict._replace(removed=False)
        raise


def _backoff(tried: int) -> float:
    """Seconds to wait after so many attempts: full jitter, as in Brooker, "Exponential Backoff And Jitter" (2015)."""
    return random.uniform(0, min(_BACKOFF_MOST, _BACKOFF * 2 ** (tried - 1)))


def _unforeseen(error: Exception) -> Failure:
    _log.warning("a row ended in a way that nobody thought of", exc_info=error)
    return Failure(Verdict("network", f"unforeseen: {type(error).__name__}: {error}"))


def _plain(text: str) -> str:
    """One short line that any file can hold: what servers send may break lines and be no UTF-8."""
    return " ".join(text.split()).encode("utf-8", "replace").decode()[:300]


def _host_label(url: str | None) -> str:
    try:
        return host_of(URL(url or "")) or "no host"
    except ValueError:
        return "no host"
