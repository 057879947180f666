"""A worker of the scraper: takes pieces, ends their rows, commits their parts. Image bytes leave it to disk alone."""

import asyncio
import contextlib
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa

from artsim.archive import Archive
from artsim.scrape.fetch import Client
from artsim.scrape.files import Files
from artsim.scrape.gate import Gate
from artsim.scrape.limits import Answer, Request
from artsim.scrape.options import Options
from artsim.scrape.part import Part
from artsim.scrape.row import Fetcher
from artsim.scrape.tally import Tally
from artsim.scrape.verdict import Deferred
from artsim.scrape.works import Piece, Row, read_rows

_MEMORY = 2_000_000_000  # bytes that bodies on their way may take at worst
_MOST_REQUESTS = 128
_HELD = 256_000_000  # bytes of images that wait for their commit before one is made early; at twice that, all waits
_COMMIT_AFTER = 30.0  # seconds that an image waits for it at most, so that a kill loses little


class Worker:
    """Ends rows, piece by piece. Many pieces are open at once, so that slow rows keep no others waiting.

    ``exchange`` speaks to the limits; ``threads`` verify images.
    """

    def __init__(
        self,
        archive: Archive,
        options: Options,
        exchange: Callable[[Request], Awaitable[Answer]],
        threads: int,
    ) -> None:
        self._archive = archive
        self._options = options
        self._verify = ThreadPoolExecutor(threads, "verify")
        self._disk = ThreadPoolExecutor(2, "disk")
        # names are looked up in the loop's own threads, and those of dead hosts take long
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(32, "names"))
        self._client = Client(options)
        self._fetcher = Fetcher(options, self._client, Files(archive, options.max_bytes), self._verify)
        self._gate = self._fetcher.gate = Gate(
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
        """From now on a row that would wait longer than ``patience`` seconds for its host is deferred.

        ``name`` is the round's own; ``tried``: how often rows were tried in earlier rounds.
        """
        self._round = name
        self._gate.patience = patience
        self._tried = tried

    async def end(self, piece: Piece, *, careful: bool = False) -> Tally:
        """Ends those rows of a piece that can be ended now, and commits them.

        ``careful``: another worker died over the piece. What it had committed counts as ended; the rest is decoded in
        a process apart, since one of the images may have been its end.
        """
        tally, rows = await asyncio.get_running_loop().run_in_executor(self._disk, self._read, piece, careful)
        part = Part(
            self._archive.table("images"),
            piece.shard,
            piece.part,
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
        return tally

    async def _end_row(self, row: Row, part: Part, tally: Tally) -> None:
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
                with contextlib.suppress(OSError):  # the last commit of the part tells of it
                    await part.commit(self._disk)
            self._mind_memory()

    def _mind_memory(self) -> None:
        """Lets no more bodies in while too many images wait for the disk."""
        if self._held() < 2 * _HELD:
            self._fetcher.has_room.set()
        else:
            self._fetcher.has_room.clear()

    def _held(self) -> int:
        return sum(part.held for part in self._parts)

    def _read(self, piece: Piece, careful: bool) -> tuple[Tally, list[Row]]:
        key, known = (piece.shard, piece.source_part), self._catalog  # one look: another thread may put another there
        if known is None or known[0] != key:  # the pieces of one part come one after the other
            known = (key, self._archive.table("catalog").read(*key, ["id", "image_url", "rights"]))
            self._catalog = known
        told = self._archive.table("images").outcome(piece.shard, piece.part, self._round) if careful else None
        tally = Tally.from_counts(told) if told else Tally()
        return tally, read_rows(self._archive, piece, known[1], self._options, tally.rows)
