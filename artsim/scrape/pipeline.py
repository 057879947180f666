"""Runs the scraper on Ray Data: one rate-limit coordinator, and rounds of workers until no row is pending.

A worker has up to 64 tasks open in its event loop, so that slow tasks hold up no others. Only the tasks and their
stats go through Ray: workers write the images to the archive themselves.
"""

import contextlib
import logging
import math
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import ray

from artsim import runtime
from artsim.archive import Archive, UserError
from artsim.pictures.thumbnail_table import drop_outdated
from artsim.scrape.options import ScrapeOptions
from artsim.scrape.pending import ScrapeTask, find_tasks, larger_than
from artsim.scrape.rate_limit import Rules
from artsim.scrape.rate_limit_coordinator import Answer, RateLimitCoordinator, Request
from artsim.scrape.stats import Stats

if TYPE_CHECKING:
    from artsim.scrape.worker import Worker

_log = logging.getLogger(__name__)

_PATIENCE = 30.0  # seconds that a row may wait for its host in the first round; doubled in each further round
_PATIENCE_MOST = 600.0
_TRIES = 15  # seconds to wait for the coordinator of a killed run to end
_TELL = 1.0  # seconds between two polls for failing hosts
_MOST_TOLD = 5  # failing hosts logged per poll
_OPEN = 64  # tasks that a worker has open at once
_MEMORY = 1 << 30  # bytes per worker; half of it for images that wait for their commit


def scrape(archive: Archive, options: ScrapeOptions) -> dict[str, Any]:
    """Fetches every pending row of the catalog into the images table; returns this run's part of the report.

    Rows whose host can't be asked yet are deferred to the next round, so that no host holds up the others. Raises
    ``UserError`` if another run is scraping the archive: together they would exceed the rate limits.
    """
    with archive.lock("images"):
        archive.store.sweep("images")
        unshrunk = larger_than(archive, options.resize) if options.resize and not options.refresh else 0
        report = _scrape(archive, options)
        if options.drop_removed:
            drop_outdated(archive)
    _tell(report, options, unshrunk)
    return {**report, "larger_than_resize": unshrunk}


def _tell(report: dict[str, Any], options: ScrapeOptions, unshrunk: int) -> None:
    """Warns about stored images that were not resized, not refreshed, or removed at their sites."""
    if unshrunk:
        _log.warning(
            "scrape: `resize` %d applies only to new images; %d stored images are larger and were not resized; "
            "`refresh` `resize` %d fetches them again",
            *(options.resize, unshrunk, options.resize),
        )
    if bugs := report["failures"].get("internal"):
        _log.warning(
            "scrape: %d rows failed because of an error in artsim; the log of the run has the traceback; "
            "`retry` internal fetches them again",
            bugs,
        )
    if kept := report["refresh_failed"]:
        _log.warning(
            "scrape: %d stored images could not be refreshed and are kept: %s", sum(kept.values()), _listed(kept)
        )
    if gone := report["removed"]:
        fate = "were deleted" if options.drop_removed else "are marked and kept; `drop_removed` deletes them"
        _log.warning(
            "scrape: %d stored images are removed or forbidden at their sites and %s: %s",
            *(sum(gone.values()), fate, _listed(gone)),
        )


def _tell_failed_before(statuses: Counter[str]) -> None:
    """Warns about rows that failed in earlier runs: nothing to do does not mean that all images are there."""
    failed = Counter({status: count for status, count in statuses.items() if status != "ok"})
    if failed:
        _log.warning(
            "scrape: nothing is pending, but %d rows failed in earlier runs: %s; `retry` STATUS fetches them again",
            *(failed.total(), _listed(dict(failed.most_common()))),
        )


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {reason}" for reason, count in counts.items())


def _scrape(archive: Archive, options: ScrapeOptions) -> dict[str, Any]:
    started, total, tried, patience = time.monotonic(), Stats(), Counter[str](), _PATIENCE
    coordinator: Any = None
    while True:
        statuses = Counter[str]()
        tasks = list(find_tasks(archive, _rest_of(options, total.rows), statuses))
        if not tasks:
            break
        if coordinator is None:
            runtime.connect(data=True)
            coordinator = _start_coordinator(archive, options)
        done = Stats()
        wanted = sum(task.take for task in tasks)
        with _telling(coordinator):
            stream = _round(archive, options, coordinator, tasks, patience, tried)
            for result in runtime.progress(
                ({"rows": tally.rows, "tally": tally} for tally in stream), wanted, "images"
            ):
                done.add(result["tally"])
                result["tally"].tell()
        tried, done.tried = done.tried, Counter()
        total.add(done)
        if done.rows == wanted or (options.limit is not None and total.rows >= options.limit):
            break  # nothing is left to do; another search of the archive would take as long as the first
        if not done.rows:
            time.sleep(min(max(ray.get(coordinator.soonest.remote()), 0.1), patience))
        patience = min(2 * patience, _PATIENCE_MOST)
    if not total.rows:
        _tell_failed_before(statuses)
    return total.report(time.monotonic() - started)


def _round(
    archive: Archive,
    options: ScrapeOptions,
    coordinator: Any,
    tasks: Sequence[ScrapeTask],
    patience: float,
    tried: Counter[str],
) -> Iterator[Stats]:
    """Yields the stats of each task as it completes.

    There is one worker per two CPUs (event loop and decoding), and at least one per machine.
    """
    by_node = [node["CPU"] for node in runtime.nodes() if node["CPU"]] or [1]
    cpus = min(2, *by_node)
    needs = runtime.with_memory({"CPU": cpus}, _MEMORY)
    workers = min(options.workers or sum(max(count // 2, 1) for count in by_node), runtime.room_for(needs))
    if len(tasks) <= _OPEN * workers:  # then all tasks are open, and a row that waits holds up no others
        patience = math.inf
    results = runtime.process_partitions(
        tasks,
        Scraper,
        (archive, options, coordinator, cpus, uuid.uuid4().hex, patience, tried),
        attempts=coordinator,
        needs=needs,
        workers=workers,
        most=options.workers,
        at_once=_OPEN,
    )
    return map(Stats.from_counts, results)


@contextlib.contextmanager
def _telling(coordinator: Any) -> Iterator[None]:
    """Logs during the run which hosts fail, why, and when they are asked again, so that a user knows why it waits."""
    over = threading.Event()

    def tell() -> None:
        while True:
            ended = over.wait(_TELL)
            with contextlib.suppress(Exception):  # for example, a lost machine; the run itself reports it
                notices = ray.get(coordinator.notices.remote(), timeout=_TELL)
                for notice in notices[:_MOST_TOLD]:
                    _log.info("scrape: %s", notice[:300])
                if len(notices) > _MOST_TOLD:
                    _log.info("scrape: and %d more failing hosts", len(notices) - _MOST_TOLD)
            if ended:
                return

    thread = threading.Thread(target=tell, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _rest_of(options: ScrapeOptions, ended: int) -> ScrapeOptions:
    return options if options.limit is None else replace(options, limit=options.limit - ended)


def _start_coordinator(archive: Archive, options: ScrapeOptions) -> Any:
    """Starts the rate-limit coordinator on the driver's machine, so the loss of another machine does not reset it.

    Raises ``UserError`` if an archive that is not on a local disk already has a coordinator on this cluster.
    """
    rules = Rules(options.per_host, options.delay, options.rest)
    lifetime = {"max_restarts": -1, "max_task_retries": -1, **runtime.beside_driver()}
    actor: Any = ray.remote(_Coordinator)
    if archive.store.is_local:
        return actor.options(**lifetime).remote(rules)
    for _ in range(_TRIES):
        try:
            return actor.options(name=f"limits of {archive.uri}", namespace="artsim", **lifetime).remote(rules)
        except ValueError:  # another run has this name; if it was killed, the name is free again soon
            time.sleep(1)
    raise UserError(
        f"`archive` {archive.uri}: another run on this cluster is scraping this archive; wait for it or stop it"
    )


class _Coordinator(RateLimitCoordinator, runtime.Attempts):
    """The rate-limit coordinator as an actor. It counts attempts too, which saves the start of a process."""

    def __init__(self, rules: Rules) -> None:
        RateLimitCoordinator.__init__(self, rules)
        runtime.Attempts.__init__(self)


class Scraper:
    """A worker as a Ray actor."""

    def __init__(
        self,
        archive: Archive,
        options: ScrapeOptions,
        coordinator: Any,
        threads: int,
        round_name: str,
        patience: float,
        tried: Counter[str],
    ) -> None:
        self._settings = (archive, options, self._exchange, threads)
        self._round = (round_name, patience, tried)
        self._coordinator = coordinator
        self._worker: Worker | None = None

    async def process(self, task: ScrapeTask, attempt: int) -> dict[str, Any]:
        """Fetches the rows of a task and returns the counts of its ``Stats``."""
        if self._worker is None:  # a worker needs the event loop, which does not run yet in __init__
            from artsim.scrape.worker import Worker  # keeps the import out of the driver, which does not need it

            self._worker = Worker(*self._settings)
            self._worker.begin_round(*self._round)
        return vars(await self._worker.end(task, careful=attempt > 0))

    async def _exchange(self, request: Request) -> Answer:
        answer: Answer = await self._coordinator.exchange.remote(request)
        return answer
