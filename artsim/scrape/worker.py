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
from artsim.scrape.partition_buffer import PartitionBuffer
from artsim.scrape.pending import Row, ScrapeTask, read_rows
from artsim.scrape.rate_limit_client import RateLimitClient
from artsim.scrape.rate_limit_coordinator import Reply, Request
from artsim.scrape.stats import Stats
from artsim.scrape.status import Deferred

_MEMORY = 2_000_000_000  # bytes that bodies in flight may take at worst
_MAX_REQUESTS = 128
# bytes of uncommitted images that trigger an early commit; at twice that, new bodies wait
_MAX_UNCOMMITTED = 256_000_000
_MAX_COMMIT_DELAY = 30.0  # maximum seconds before an image is committed, so that a kill loses little


class Worker:
    """Fetches rows, task by task. Many tasks run concurrently, so that slow rows do not delay others.

    ``exchange`` sends a message to the rate-limit coordinator; ``threads`` is the number of threads that check images.
    """

    def __init__(
        self,
        archive: Archive,
        options: ScrapeOptions,
        exchange: Callable[[Request], Awaitable[Reply]],
        threads: int,
    ) -> None:
        self._archive = archive
        self._options = options
        self._verify = ThreadPoolExecutor(threads, "verify")
        self._disk = ThreadPoolExecutor(2, "disk")
        # DNS lookups use the loop's default executor, and those of unreachable hosts are slow
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(32, "names"))
        self._client = Client(options)
        self._fetcher = Fetcher(options, self._client, Files(archive, options.max_bytes), self._verify)
        self._rate_limit_client = self._fetcher.rate_limit_client = RateLimitClient(
            uuid.uuid4().hex,
            exchange,
            self._fetcher.read_robots,
            capacity=max(4, min(_MAX_REQUESTS, _MEMORY // options.max_bytes)),
        )
        self._attempts: Mapping[str, int] = {}
        self._round = ""
        self._buffers: set[PartitionBuffer] = set()
        self._catalog: tuple[tuple[int, str], pa.Table] | None = None
        self._commit_task = asyncio.create_task(self._commit_early())

    async def close(self) -> None:
        """Closes connections and threads."""
        self._commit_task.cancel()
        await self._rate_limit_client.close()
        await self._client.close()
        self._verify.shutdown()
        self._disk.shutdown()

    def start_round(self, name: str, max_wait: float, attempts: Mapping[str, int]) -> None:
        """Starts a round, in which a row that would wait longer than ``max_wait`` seconds for its host is deferred.

        ``name`` identifies the round; ``attempts`` holds the attempts of rows in earlier rounds.
        """
        self._round = name
        self._rate_limit_client.max_wait = max_wait
        self._attempts = attempts

    async def process_task(self, task: ScrapeTask, *, isolated: bool = False) -> Stats:
        """Fetches the rows of a task that can be fetched now, commits them, and returns their stats.

        ``isolated``: another worker died during the task. Rows that it committed count as finished. The others are
        isolated (decoded in a subprocess), since one of the images may have crashed the decoder.
        """
        stats, rows = await asyncio.get_running_loop().run_in_executor(self._disk, self._read, task, isolated)
        buffer = PartitionBuffer(
            self._archive.table("images"),
            task.shard,
            task.partition,
            lambda: {"work": self._round, **stats.finished_counts()},
        )
        self._buffers.add(buffer)
        async with asyncio.TaskGroup() as group:
            for row in rows:
                row.isolated = isolated
                row.attempts = self._attempts.get(row.id, 0)
                group.create_task(self._fetch_row(row, buffer, stats))
        started = time.monotonic_ns()
        await buffer.commit(self._disk)
        self._buffers.discard(buffer)
        self._limit_memory()
        stats.spent["commit"] += time.monotonic_ns() - started
        if not self._buffers:  # this may be the last task of the round
            await self._rate_limit_client.release_slots()
        return stats

    async def _fetch_row(self, row: Row, buffer: PartitionBuffer, stats: Stats) -> None:
        try:
            result = await self._fetcher.fetch(row)
        except Deferred:
            stats.plain["deferred"] += 1
            if row.attempts:
                stats.attempts[row.id] = row.attempts
            return
        stats.count(result)
        buffer.add(result.columns, kept=result.kept)
        self._limit_memory()

    async def _commit_early(self) -> None:
        while True:
            await asyncio.sleep(0.2)
            now = time.monotonic()
            due = [
                buffer
                for buffer in self._buffers
                if buffer.oldest_row_at and now - buffer.oldest_row_at > _MAX_COMMIT_DELAY
            ]
            if self._uncommitted_bytes() > _MAX_UNCOMMITTED:
                due.append(max(self._buffers, key=lambda buffer: buffer.uncommitted_bytes))
            for buffer in due:
                with contextlib.suppress(OSError):  # the last commit of the partition raises it
                    await buffer.commit(self._disk)
            self._limit_memory()

    def _limit_memory(self) -> None:
        """Makes new bodies wait while too many images wait for their commit."""
        if self._uncommitted_bytes() < 2 * _MAX_UNCOMMITTED:
            self._fetcher.has_room.set()
        else:
            self._fetcher.has_room.clear()

    def _uncommitted_bytes(self) -> int:
        return sum(buffer.uncommitted_bytes for buffer in self._buffers)

    def _read(self, task: ScrapeTask, isolated: bool) -> tuple[Stats, list[Row]]:
        key, cached = (task.shard, task.source_partition), self._catalog  # read once: another thread may replace it
        if cached is None or cached[0] != key:  # the tasks of one partition come one after the other
            cached = (key, self._archive.table("catalog").read(*key, ["id", "image_url", "rights"]))
            self._catalog = cached
        outcome = self._archive.table("images").outcome(task.shard, task.partition, self._round) if isolated else None
        stats = Stats.from_counts(outcome) if outcome else Stats()
        return stats, read_rows(self._archive, task, cached[1], self._options, stats.rows)
