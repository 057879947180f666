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

from artsim import runtime
from artsim.archive import Archive, UserError
from artsim.errors import ServiceUnavailable
from artsim.pictures.thumbnails import drop_outdated
from artsim.scrape.options import ScrapeOptions
from artsim.scrape.pending import ScrapeTask, find_tasks, larger_than
from artsim.scrape.rate_limit import Rules
from artsim.scrape.rate_limit_coordinator import RateLimitCoordinator, Reply, Request
from artsim.scrape.stats import Stats

if TYPE_CHECKING:
    from artsim.scrape.worker import Worker

_log = logging.getLogger(__name__)

_MAX_WAIT = 30.0  # seconds that a row may wait for its host in the first round; doubled in each further round
_MAX_WAIT_LIMIT = 600.0
_COORDINATOR_TIMEOUT_SECONDS = 15  # seconds to wait for the coordinator of a killed run to end
_NOTICE_INTERVAL = 1.0  # seconds between two polls for failing hosts
_MAX_NOTICES = 5  # failing hosts logged per poll
_TASKS_PER_WORKER = 64  # tasks in progress per worker
_MEMORY = 1 << 30  # bytes per worker; half of it for images that wait for their commit


def scrape(archive: Archive, options: ScrapeOptions) -> dict[str, Any]:
    """Fetches every pending row of the catalog into the images table; returns this run's part of the report.

    Rows whose host is not available yet are deferred to the next round, so that no host delays the others. Raises
    ``UserError`` if another run is scraping the archive: together they would exceed the rate limits.
    """
    with archive.lock("images"):
        archive.store.sweep("images")
        not_resized = larger_than(archive, options.resize) if options.resize and not options.refresh else 0
        report = _scrape(archive, options)
        if options.drop_removed:
            _drop_thumbnails(archive)
    _warn(report, options, not_resized)
    return {**report, "larger_than_resize": not_resized}


def _drop_thumbnails(archive: Archive) -> None:
    """Deletes the thumbnails of deleted images. If that fails, only logs a warning: all rows are stored."""
    try:
        drop_outdated(archive)
    except (OSError, UserError, ServiceUnavailable) as error:
        _log.warning("scrape: thumbnails of deleted images are still stored: %s; run the same command again", error)


def _warn(report: dict[str, Any], options: ScrapeOptions, not_resized: int) -> None:
    """Warns about stored images that were not resized, not refreshed, or removed at their sites."""
    if not_resized:
        _log.warning(
            "scrape: `resize` %d applies only to new images; %d stored images are larger and were not resized; "
            "`refresh` `resize` %d fetches them again",
            *(options.resize, not_resized, options.resize),
        )
    if internal_errors := report["failures"].get("internal"):
        _log.warning(
            "scrape: %d rows failed because of an error in artsim; the log of the run has the traceback; "
            "`retry` internal fetches them again",
            internal_errors,
        )
    if kept := report["refresh_failed"]:
        _log.warning(
            "scrape: %d stored images could not be refreshed and are kept: %s", sum(kept.values()), _listed(kept)
        )
    if removed := report["removed"]:
        action = "were deleted" if options.drop_removed else "are marked and kept; `drop_removed` deletes them"
        _log.warning(
            "scrape: %d stored images are removed or forbidden at their sites and %s: %s",
            *(sum(removed.values()), action, _listed(removed)),
        )


def _warn_failed_before(statuses: Counter[str]) -> None:
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
    started, total, row_attempts, max_wait = time.monotonic(), Stats(), Counter[str](), _MAX_WAIT
    coordinator: Any = None
    while True:
        statuses = Counter[str]()
        tasks = list(find_tasks(archive, _remaining(options, total.rows), statuses))
        if not tasks:
            break
        if coordinator is None:
            runtime.connect(data=True)
            coordinator = _start_coordinator(archive, options)
        done = Stats()
        task_rows = sum(task.take for task in tasks)
        with _log_notices(coordinator):
            stream = _round(archive, options, coordinator, tasks, max_wait, row_attempts)
            for result in runtime.progress(
                ({"rows": stats.rows, "stats": stats} for stats in stream), task_rows, "images"
            ):
                done.add(result["stats"])
                result["stats"].publish()
        row_attempts, done.attempts = done.attempts, Counter()
        total.add(done)
        if done.rows == task_rows or (options.limit is not None and total.rows >= options.limit):
            break  # nothing is left to do; another search of the archive would take as long as the first
        if not done.rows:
            import ray

            time.sleep(min(max(ray.get(coordinator.seconds_to_next_cooldown_end.remote()), 0.1), max_wait))
        max_wait = min(2 * max_wait, _MAX_WAIT_LIMIT)
    if not total.rows:
        _warn_failed_before(statuses)
    return total.report(time.monotonic() - started)


def _round(
    archive: Archive,
    options: ScrapeOptions,
    coordinator: Any,
    tasks: Sequence[ScrapeTask],
    max_wait: float,
    row_attempts: Counter[str],
) -> Iterator[Stats]:
    """Yields the stats of each task as it completes.

    Unless the options say otherwise, there is one worker per two CPUs (event loop and decoding), and at least one per
    machine.
    """
    by_node = [node["CPU"] for node in runtime.nodes() if node["CPU"]] or [1]
    default = sum(max(count // 2, 1) for count in by_node)
    cpus = 1 if (options.workers or 0) > default else min(2, *by_node)
    needs = runtime.with_memory({"CPU": cpus}, _MEMORY)
    workers = min(options.workers or default, runtime.room_for(needs))
    if len(tasks) <= _TASKS_PER_WORKER * min(
        workers, runtime.room_for(needs, alive=True)
    ):  # then all tasks are open, and a row that waits holds up no others
        max_wait = math.inf
    results = runtime.process_partitions(
        tasks,
        Scraper,
        (archive, options, coordinator, min(2, max(by_node)), uuid.uuid4().hex, max_wait, row_attempts),
        attempts=coordinator,
        needs=needs,
        workers=workers,
        max_workers=options.workers,
        max_concurrent=_TASKS_PER_WORKER,
    )
    return map(Stats.from_counts, results)


@contextlib.contextmanager
def _log_notices(coordinator: Any) -> Iterator[None]:
    """Logs during the run which hosts fail, why, and when they are tried again: a user sees why the run waits."""
    run_ended = threading.Event()

    import ray

    def log_notices() -> None:
        while True:
            finished = run_ended.wait(_NOTICE_INTERVAL)
            with contextlib.suppress(Exception):  # for example, a lost machine; the run itself reports it
                notices = ray.get(coordinator.notices.remote(), timeout=_NOTICE_INTERVAL)
                for notice in notices[:_MAX_NOTICES]:
                    _log.info("scrape: %s", notice[:300])
                if len(notices) > _MAX_NOTICES:
                    _log.info("scrape: and %d more failing hosts", len(notices) - _MAX_NOTICES)
            if finished:
                return

    thread = threading.Thread(target=log_notices, daemon=True)
    thread.start()
    try:
        yield
    finally:
        run_ended.set()
        thread.join()


def _remaining(options: ScrapeOptions, finished: int) -> ScrapeOptions:
    return options if options.limit is None else replace(options, limit=options.limit - finished)


def _start_coordinator(archive: Archive, options: ScrapeOptions) -> Any:
    """Starts the rate-limit coordinator on the driver's machine, so the loss of another machine does not reset it.

    Raises ``UserError`` if an archive that is not on a local disk already has a coordinator on this cluster.
    """
    import ray  # takes half a second, which a run without pending rows saves

    rules = Rules(options.per_host, options.delay, options.rest)
    lifetime = {"max_restarts": -1, "max_task_retries": -1, **runtime.beside_driver()}
    actor: Any = ray.remote(_Coordinator)
    if archive.store.is_local:
        return actor.options(**lifetime).remote(rules)
    for _ in range(_COORDINATOR_TIMEOUT_SECONDS):
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
        max_wait: float,
        row_attempts: Counter[str],
    ) -> None:
        self._settings = (archive, options, self._exchange, threads)
        self._round = (round_name, max_wait, row_attempts)
        self._coordinator = coordinator
        self._worker: Worker | None = None

    async def process(self, task: ScrapeTask, attempt: int) -> dict[str, Any]:
        """Fetches the rows of a task and returns the counts of its ``Stats``."""
        if self._worker is None:  # a worker needs the event loop, which does not run yet in __init__
            from artsim.scrape.worker import Worker  # keeps the import out of the driver, which does not need it

            self._worker = Worker(*self._settings)
            self._worker.start_round(*self._round)
        return vars(await self._worker.process_task(task, isolated=attempt > 0))

    async def _exchange(self, request: Request) -> Reply:
        reply: Reply = await self._coordinator.exchange.remote(request)
        return reply
