"""Rate limits of one host: concurrent requests, time between starts, cooldown after failures. Has no clock."""

import math
from dataclasses import dataclass, field

from artsim.scrape.status import FetchStatus

FAILURES_BEFORE_COOLDOWN = 5  # consecutive failures that start a cooldown
MAX_COOLDOWNS = 3  # without a proper answer before the host is given up; each is twice as long as the last
_UNREACHABLE = 0.1  # of a cooldown, for a host that never accepted a connection
GRANT_AHEAD = 0.25  # seconds ahead for which starts are handed out to a worker
HEARTBEAT = 0.2  # seconds between two messages of a worker that has all the slots it needs
_POLL = 0.02  # seconds between messages, counted over all workers that wait for slots


@dataclass(frozen=True)
class Rules:
    """Concurrent requests per host, minimum seconds between their starts, seconds of the first cooldown."""

    per_host: int
    delay: float
    cooldown: float


@dataclass(slots=True)
class HostReport:
    """A worker's report about a host: the state of its requests, and events since its last report.

    ``using`` is the maximum number of requests it may have running until it is answered, ``waiting`` the number of
    further rows that want to start. ``retry_after`` is the longest wait that a response asked for (Retry-After).
    """

    using: int = 0
    waiting: int = 0
    finished: int = 0
    seconds: float = 0.0
    failed: list[FetchStatus] = field(default_factory=list)
    retry_after: float = 0.0


@dataclass(slots=True)
class HostGrant:
    """What a worker may do with a host until it asks again.

    ``slots``: how many requests it may have running. ``starts``: if starts are spaced, the seconds from now at which it
    may start one request each; else None. ``keep``: how many rows it may keep waiting; the others are deferred.
    ``given_up``: the status of all rows, if the host was given up. ``wait``: seconds until it should ask again.
    """

    slots: int = 0
    starts: list[float] | None = None
    keep: int = 0
    given_up: FetchStatus | None = None
    wait: float = HEARTBEAT


class Host:
    """The state of one host across all workers."""

    def __init__(self, rules: Rules) -> None:
        self.delay = rules.delay
        self.cooldown_until = 0.0
        self.given_up: FetchStatus | None = None
        self.notice: str | None = None  # text about the latest cooldown, until it is read
        self._rules = rules
        self._reports: dict[str, HostReport] = {}
        self._using = self._waiting = 0  # sums over all reports, so that a grant need not look at every worker
        self._next_start = 0.0
        self._failures = 0
        self._cooldowns = 0
        self._mean_seconds: float | None = None  # per request, smoothed

    def record(self, worker: str, report: HostReport, now: float) -> None:
        """Records a worker's report."""
        self.forget(worker)
        self._reports[worker] = report
        self._using += report.using
        self._waiting += report.waiting
        if report.finished:
            mean = report.seconds / report.finished
            self._mean_seconds = mean if self._mean_seconds is None else 0.7 * self._mean_seconds + 0.3 * mean
            self._failures = self._cooldowns = 0
        else:
            for outcome in report.failed:
                self._fail(outcome, now)
        if report.retry_after:
            self.cooldown_until = max(self.cooldown_until, now + report.retry_after)

    def forget(self, worker: str) -> None:
        """Removes a worker and its requests."""
        if report := self._reports.pop(worker, None):
            self._using -= report.using
            self._waiting -= report.waiting

    def start_cooldown(self, outcome: FetchStatus, now: float) -> None:
        """Starts a cooldown. After ``MAX_COOLDOWNS`` of them without a proper answer, gives the host up.

        The cooldown of a host that never answered and accepts no connection is a tenth as long: the host is probably
        gone for good.
        """
        if now < self.cooldown_until or self.given_up:
            return  # the failed request started before the cooldown
        if self._cooldowns == MAX_COOLDOWNS:
            self.given_up = outcome._replace(detail=f"{outcome.detail}; the host kept failing and was given up")
        share = _UNREACHABLE if outcome.unreachable and self._mean_seconds is None else 1.0
        seconds = share * self._rules.cooldown * 2**self._cooldowns
        self.notice = self.given_up.detail if self.given_up else f"{outcome.detail}; next try in {seconds:g} s"
        self.cooldown_until = now + seconds
        self._cooldowns += 1

    def _fail(self, outcome: FetchStatus, now: float) -> None:
        self._failures += 1
        # after a cooldown, one failed probe is enough
        if self._failures >= FAILURES_BEFORE_COOLDOWN or self._cooldowns:
            self.start_cooldown(outcome, now)
            self._failures = 0

    def grant(self, worker: str, now: float, max_wait: float) -> HostGrant:
        """Returns what a worker may do after its report. Rows that would wait longer than ``max_wait`` are not kept."""
        report = self._reports[worker]
        if self.given_up:
            return HostGrant(given_up=self.given_up)
        keep = self._rows_to_keep(report, now, max_wait)
        if now < self.cooldown_until:
            return HostGrant(keep=keep, wait=self.cooldown_until - now)
        # after a cooldown, one request at a time until one is answered
        limit = 1 if self._cooldowns else self._rules.per_host
        free = limit - (self._using - report.using)
        if self.delay > 0:
            return self._spaced_starts(report, free, now, keep)
        slots = max(min(report.using + report.waiting, free - self._owed_to_others(report, limit)), 0)
        starved = slots < min(report.using + report.waiting, self._rules.per_host)
        self._set_using(report, max(report.using, slots))
        return HostGrant(slots, None, keep, wait=_POLL * len(self._reports) if starved else HEARTBEAT)

    def _owed_to_others(self, report: HostReport, limit: int) -> int:
        """Returns how many requests the others lack of their fair shares; 0 if ``limit`` is below the worker count."""
        fair = limit // len(self._reports)
        other_reports = [other for other in self._reports.values() if other is not report] if fair else []
        return sum(max(min(other.using + other.waiting, fair) - other.using, 0) for other in other_reports)

    def _set_using(self, report: HostReport, using: int) -> None:
        self._using += using - report.using
        report.using = using

    def set_delay(self, delay: float, now: float) -> None:
        """Spaces starts from now on by at least ``delay``; a shorter one than before changes nothing."""
        if delay > self.delay:
            self.delay = delay
            self._next_start = now + delay

    def _spaced_starts(self, report: HostReport, free: int, now: float, keep: int) -> HostGrant:
        starts: list[float] = []
        while len(starts) < min(report.waiting, free - report.using) and self._next_start <= now + GRANT_AHEAD:
            start = max(self._next_start, now)
            starts.append(start - now)
            self._next_start = start + self.delay
        self._set_using(report, report.using + len(starts))
        wait = max(self._next_start - GRANT_AHEAD - now, _POLL) if report.waiting > len(starts) else HEARTBEAT
        return HostGrant(report.using, starts, keep, wait=wait)

    def _rows_to_keep(self, report: HostReport, now: float, max_wait: float) -> int:
        remaining = max_wait - max(self.cooldown_until - now, 0.0)
        if remaining <= 0:
            return 0
        if math.isinf(remaining) or (self._mean_seconds is None and not self.delay):
            return report.waiting or 1  # any wait is acceptable, or its length is not known yet
        rows = remaining / max(self.delay, (self._mean_seconds or 0.0) / self._rules.per_host, 1e-6)
        return max(int(rows * report.waiting / self._waiting), 1) if self._waiting else 1
