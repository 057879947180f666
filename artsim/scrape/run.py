"""A whole run on Ray: one keeper of the limits, workers that take pieces, rounds until nothing is pending."""

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import Any

import ray

from artsim import cluster
from artsim.archive import Archive
from artsim.scrape.host import Rules
from artsim.scrape.limits import Answer, Limits, Request
from artsim.scrape.options import Options
from artsim.scrape.tally import Tally
from artsim.scrape.worker import Worker
from artsim.scrape.works import Piece, find_pieces

_PATIENCE = 30.0  # seconds that a row may wait for its host in the first round; twice as long in each that follows
_PATIENCE_MOST = 600.0
_OPEN_TASKS = 4  # of Ray Data on a worker at once; each has 16 pieces open (its default for asynchronous functions)
_PIECES_PER_TASK = 16


def scrape(archive: Archive, options: Options) -> dict[str, Any]:
    """Ends every pending row of the catalog in the images table; returns the run's share of the report.

    Rows whose host can't be asked yet are deferred from round to round, so that no host keeps the others waiting.
    """
    started, total, patience = time.monotonic(), Tally(), _PATIENCE
    tried: Counter[str] = Counter()
    limits: Any = None
    while pieces := list(find_pieces(archive, _rest_of(options, total.rows))):
        if limits is None:
            cluster.connect()
            limits = ray.remote(Limits).options(num_cpus=0, max_restarts=-1, max_task_retries=-1)
            limits = limits.remote(Rules(options.per_host, options.delay, options.rest))
        pool = options.workers or max(cluster.cpus() // 2, 1)
        settings = {
            "archive": archive,
            "options": options,
            "limits": limits,
            "patience": patience,
            "tried": tried,
            "threads": max(cluster.cpus() // pool, 1),
        }
        done = Tally()
        rows = sum(piece.take for piece in pieces)
        for row in cluster.progress(_round(pieces, pool, settings), rows, "images"):
            done.add(Tally.from_json(row["tally"]))
        tried, done.tried = done.tried, Counter()
        total.add(done)
        rest = ray.get(limits.end_round.remote())
        if not done.rows:
            time.sleep(min(max(rest, 0.1), patience))
        patience = min(2 * patience, _PATIENCE_MOST)
        if options.limit is not None and total.rows >= options.limit:
            break
    return total.report(time.monotonic() - started)


def _rest_of(options: Options, ended: int) -> Options:
    return options if options.limit is None else replace(options, limit=options.limit - ended)


def _round(pieces: list[Piece], workers: int, settings: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every piece once, by a pool of workers; a row ``tally`` and ``rows`` for each."""
    blocks = max(-(-len(pieces) // _PIECES_PER_TASK), min(len(pieces), _OPEN_TASKS * workers))
    dataset = ray.data.from_items([asdict(piece) for piece in pieces], override_num_blocks=blocks).map(
        _Scraper,
        fn_constructor_kwargs=settings,
        compute=ray.data.ActorPoolStrategy(
            size=workers, max_tasks_in_flight_per_actor=_OPEN_TASKS, max_concurrent_calls_per_actor=_OPEN_TASKS
        ),
        num_cpus=1,
    )
    yield from dataset.iter_rows()


class _Scraper:
    """A worker as Ray Data calls it."""

    def __init__(self, limits: Any, tried: Counter[str], **settings: Any) -> None:
        self._limits = limits
        self._tried = tried
        self._settings = settings
        self._worker: Worker | None = None

    async def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        if self._worker is None:  # only here there is an event loop
            self._worker = Worker(exchange=self._exchange, **self._settings)
        tally = await self._worker.end(Piece(**row), self._tried)
        return {"rows": tally.rows, "tally": tally.to_json()}

    async def _exchange(self, request: Request) -> Answer:
        answer: Answer = await self._limits.exchange.remote(request)
        return answer
