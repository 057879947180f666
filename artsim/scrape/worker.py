"""A worker of the scraper: fetches the rows of its tasks, and commits image bytes straight to the archive."""

import asyncio
import contextlib
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa

from artsim.archive import Archive
from artsim.scrape.client import Client
from artsim.scrape.fetcher import Fetcher
from artsim.scrape.local_files import Files
from artsim.scrape.options import ScrapeOptions
from artsim.scrape.partition_buffer import Part
from artsim.scrape.pending import Row, ScrapeTask, read_rows
from artsim.scrape.rate_limit_client import RateLimitClient
from artsim.scrape.rate_limit_coordinator import Answer, Request
from artsim.scrape.stats import Stats
from artsim.scrape.status import Deferred

_MEMORY = 2_000_000_000  # bytes that bodies in flight may take at worst
_MOST_REQUESTS = 128
_HELD = 256_000_000  # bytes of uncommitted images that trigger an early commit; at twice that, new bodies wait
_COMMIT_AFTER = 30.0  # maximum seconds before an image is committed, so that a kill loses little


class Worker:
    """Fetches rows, task by task. Many tasks are open at once, so that slow rows hold up no others.

    ``exchange`` sends a message to the rate-limit coordinator; ``threads`` is the number of threads that check images.
    """

    def __init__(
        self,
        archive: Archive,
        options: ScrapeOptions,
        exchange: Callable[[Request], Awaitable[Answer]],
        threads: int,
    ) -> None:
        self._archive = archive
        self._options = options
        self._verify = ThreadPoolExecutor(threads, "verify")
        self._disk = ThreadPoolExecutor(2, "disk")
        # DNS lookups use the loop's default executor, and those of dead hosts take long
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(32, "names"))
        self._client = Client(options)
        self._fetcher = Fetcher(options, self._client, Files(archive, options.max_bytes), self._verify)
        self._gate = self._fetcher.gate = RateLimitClient(
            uuid.uuid4().hex,
            exchange,
            self._fetcher.read_robots,
            capacity=max(4, min(_MOST_REQUESTS, _MEMORY // options.max_bytes)),
        )
        self._tried: Mapping[str, int] = {}
        self._round = ""
        self._parts: set[Part] = set()
        self._catalog: tuple[tuple[int, str], pa.Table] | None = None
        self._keeper = asyncio.create_task(self._commit_early())

    async def close(self) -> None:
        """Closes connections and threads."""
        self._keeper.cancel()
        await self._gate.close()
        await self._client.close()
        self._verify.shutdown()
        self._disk.shutdown()

    def begin_round(self, name: str, patience: float, tried: Mapping[str, int]) -> None:
        """Starts a round, in which a row that would wait longer than ``patience`` seconds for its host is deferred.

        ``name`` identifies the round; ``tried`` holds the attempts of rows in earlier rounds.
        """
        self._round = name
        self._gate.patience = patience
        self._tried = tried

    async def end(self, task: ScrapeTask, *, careful: bool = False) -> Stats:
        """Fetches the rows of a task that can be fetched now, commits them, and returns their stats.

        ``careful``: another worker died during the task. Rows that it committed count as finished. The others are
        isolated (decoded in a subprocess), since one of the images may have crashed the decoder.
        """
        tally, rows = await asyncio.get_running_loop().run_in_executor(self._disk, self._read, task, careful)
        part = Part(
            self._archive.table("images"),
            task.shard,
            task.part,
            lambda: {"work": self._round, **tally.ended()},
        )
        self._parts.add(part)
        async with asyncio.TaskGroup() as group:
            for row in rows:
                row.careful = careful
                row.tried = self._tried.get(row.id, 0)
                group.create_task(self._end_row(row, part, tally))
        started = time.monotonic_ns()
        await part.commit(self._disk)
        self._parts.discard(part)
        self._mind_memory()
        tally.spent["commit"] += time.monotonic_ns() - started
        if not self._parts:  # this may be the last task of the round
            await self._gate.settle()
        return tally

    async def _end_row(self, row: Row, part: Part, tally: Stats) -> None:
        try:
            ending = await self._fetcher.end(row)
        except Deferred:
            tally.plain["deferred"] += 1
            if row.tried:
                tally.tried[row.id] = row.tried
            return
        tally.count(ending)
        part.add(ending.columns, kept=ending.kept)
        self._mind_memory()

    async def _commit_early(self) -> None:
        while True:
            await asyncio.sleep(0.2)
            now = time.monotonic()
            due = [part for part in self._parts if part.since and now - part.since > _COMMIT_AFTER]
            if self._held() > _HELD:
                due.append(max(self._parts, key=lambda part: part.held))
            for part in due:
                with contextlib.suppress(OSError):  # the last commit of the partition raises it
                    await part.commit(self._disk)
            self._mind_memory()

    def _mind_memory(self) -> None:
        """Makes new bodies wait while too many images wait for their commit."""
        if self._held() < 2 * _HELD:
            self._fetcher.has_room.set()
        else:
            self._fetcher.has_room.clear()

    def _held(self) -> int:
        return sum(part.held for part in self._parts)

    def _read(self, task: ScrapeTask, careful: bool) -> tuple[Stats, list[Row]]:
        key, cached = (task.shard, task.source_part), self._catalog  # read once: another thread may replace it
        if cached is None or cached[0] != key:  # the tasks of one partition come one after the other
            cached = (key, self._archive.table("catalog").read(*key, ["id", "image_url", "rights"]))
            self._catalog = cached
        outcome = self._archive.table("images").outcome(task.shard, task.part, self._round) if careful else None
        tally = Stats.from_counts(outcome) if outcome else Stats()
        return tally, read_rows(self._archive, task, cached[1], self._options, tally.rows)
