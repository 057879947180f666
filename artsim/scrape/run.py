"""A whole run on Ray: one keeper of the limits, workers that take pieces, rounds until nothing is pending.

Plain actors and not Ray Data: a worker lives through all rounds with its connections, and has 64 pieces open, each for
itself, so that slow ones hold up no others; and three helper processes less to start are worth 3 s of every run.
"""

import math
import time
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import ray

from artsim import cluster
from artsim.archive import Archive
from artsim.scrape.host import Rules
from artsim.scrape.limits import Answer, Limits, Request
from artsim.scrape.options import Options
from artsim.scrape.tally import Tally
from artsim.scrape.works import Piece, find_pieces

if TYPE_CHECKING:
    from artsim.scrape.worker import Worker

_PATIENCE = 30.0  # seconds that a row may wait for its host in the first round; twice as long in each that follows
_PATIENCE_MOST = 600.0
_OPEN = 64  # pieces that a worker has open at once
_ALIVE = {"max_restarts": -1, "max_task_retries": -1}  # what is lost with a machine is begun again on another


def scrape(archive: Archive, options: Options) -> dict[str, Any]:
    """Ends every pending row of the catalog in the images table; returns the run's share of the report.

    Rows whose host can't be asked yet are deferred from round to round, so that no host keeps the others waiting.
    """
    started, total, tried, patience = time.monotonic(), Tally(), Counter[str](), _PATIENCE
    workers: list[Any] = []
    while pieces := list(find_pieces(archive, _rest_of(options, total.rows))):
        if not workers:
            cluster.connect()
            rules = Rules(options.per_host, options.delay, options.rest)
            limits: Any = ray.remote(Limits).options(num_cpus=0, **_ALIVE).remote(rules)
            workers = _start(archive, options, limits, len(pieces))
        all_open = len(pieces) <= _OPEN * len(workers)  # then a row that waits keeps nobody waiting
        done = Tally()
        wanted = sum(piece.take for piece in pieces)
        stream = _round(pieces, workers, math.inf if all_open else patience, tried)
        for result in cluster.progress(stream, wanted, "images"):
            done.add(result["tally"])
        tried, done.tried = done.tried, Counter()
        total.add(done)
        if done.rows == wanted or (options.limit is not None and total.rows >= options.limit):
            break  # nothing was deferred, and looking through the archive again would cost as much as the first time
        if not done.rows:
            time.sleep(min(max(ray.get(limits.soonest.remote()), 0.1), patience))
        patience = min(2 * patience, _PATIENCE_MOST)
    return total.report(time.monotonic() - started)


def _rest_of(options: Options, ended: int) -> Options:
    return options if options.limit is None else replace(options, limit=options.limit - ended)


def _start(archive: Archive, options: Options, limits: Any, pieces: int) -> list[Any]:
    count = min(options.workers or max(cluster.cpus() // 2, 1), pieces)
    threads = max(cluster.cpus() // count, 1)
    actor = ray.remote(_Scraper).options(num_cpus=1, max_concurrency=_OPEN + 1, **_ALIVE)
    return [actor.remote(archive, options, limits, threads) for _ in range(count)]


def _round(pieces: list[Piece], workers: list[Any], patience: float, tried: Counter[str]) -> Iterator[dict[str, Any]]:
    """Every piece once; its ``tally``, and how many ``rows`` ended. A worker gets none before it is there."""
    todo = deque(pieces)
    share = min(_OPEN, -(-len(pieces) // len(workers)))
    running = {worker.begin_round.remote(patience, tried): worker for worker in workers}
    beginning = set(running)
    while running:
        (reference,), _ = ray.wait(list(running), num_returns=1)
        worker, result = running.pop(reference), ray.get(reference)
        for _ in range(min(share if reference in beginning else 1, len(todo))):
            running[worker.end.remote(todo.popleft())] = worker
        if reference not in beginning:
            tally = Tally.from_json(result)
            yield {"rows": tally.rows, "tally": tally}


class _Scraper:
    """A worker as an actor. One that had to be begun again goes on with what it is sent."""

    def __init__(self, archive: Archive, options: Options, limits: Any, threads: int) -> None:
        self._settings = (archive, options, self._exchange, threads)
        self._limits = limits
        self._worker: Worker | None = None

    async def begin_round(self, patience: float, tried: Counter[str]) -> None:
        self._there().begin_round(patience, tried)

    async def end(self, piece: Piece) -> str:
        return (await self._there().end(piece)).to_json()

    def _there(self) -> "Worker":
        if self._worker is None:  # it needs the event loop, which is not there when an actor is made
            from artsim.scrape.worker import Worker  # the driver, which only sends for it, starts without it

            self._worker = Worker(*self._settings)
        return self._worker

    async def _exchange(self, request: Request) -> Answer:
        answer: Answer = await self._limits.exchange.remote(request)
        return answer
