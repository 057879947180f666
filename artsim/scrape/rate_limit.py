"""Rate limits of one host: concurrent requests, time between starts, cooldown after failures. Has no clock."""

import math
from dataclasses import dataclass, field

from artsim.scrape.status import FetchStatus

TIRED = 5  # consecutive failures that start a cooldown
RESTS = 3  # cooldowns without a proper answer before the host is given up; each is twice as long as the one before
_UNREACHABLE = 0.1  # of a cooldown, for a host that never accepted a connection
HORIZON = 0.25  # seconds ahead for which starts are handed out to a worker
HEARTBEAT = 0.2  # seconds between two messages of a worker that has all it asked for
_POLL = 0.02  # seconds between messages, counted over all workers that wait for slots


@dataclass(frozen=True)
class Rules:
    """Concurrent requests per host, minimum seconds between their starts, seconds of the first cooldown."""

    per_host: int = 2
    delay: float = 0.0
    rest: float = 10.0


@dataclass(slots=True)
class HostReport:
    """A worker's report about a host: the state of its requests, and events since its last report.

    ``using`` is the maximum number of requests it may have running until it is answered, ``waiting`` the number of
    further rows that want to start. ``pause`` is the longest wait that a response asked for (Retry-After).
    """

    using: int = 0
    waiting: int = 0
    finished: int = 0
    seconds: float = 0.0
    failed: list[FetchStatus] = field(default_factory=list)
    pause: float = 0.0


@dataclass(slots=True)
class HostGrant:
    """What a worker may do with a host until it asks again.

    ``slots``: how many requests it may have running. ``starts``: if starts are spaced, the seconds from now at which it
    may start one request each; else None. ``keep``: how many rows it may keep waiting; the others are deferred.
    ``over``: the status of all rows, if the host was given up. ``wait``: seconds until it should ask again.
    """

    slots: int = 0
    starts: list[float] | None = None
    keep: int = 0
    over: FetchStatus | None = None
    wait: float = HEARTBEAT


class Host:
    """The state of one host across all workers."""

    def __init__(self, rules: Rules) -> None:
        self.delay = rules.delay
        self.resting_until = 0.0
        self.over: FetchStatus | None = None
        self.notice: str | None = None  # text about the latest cooldown, until it is read
        self._rules = rules
        self._needs: dict[str, HostReport] = {}
        self._using = self._waiting = 0  # sums over all needs, so that a turn need not look at every worker
        self._next_start = 0.0
        self._failures = 0
        self._rests = 0
        self._seconds: float | None = None  # per request, smoothed

    def hear(self, worker: str, need: HostReport, now: float) -> None:
        """Records a worker's report."""
        self.forget(worker)
        self._needs[worker] = need
        self._using += need.using
        self._waiting += need.waiting
        if need.finished:
            mean = need.seconds / need.finished
            self._seconds = mean if self._seconds is None else 0.7 * self._seconds + 0.3 * mean
            self._failures = self._rests = 0
        else:
            for outcome in need.failed:
                self._fail(outcome, now)
        if need.pause:
            self.resting_until = max(self.resting_until, now + need.pause)

    def forget(self, worker: str) -> None:
        """Removes a worker and its requests."""
        if need := self._needs.pop(worker, None):
            self._using -= need.using
            self._waiting -= need.waiting

    def rest(self, outcome: FetchStatus, now: float) -> None:
        """Starts a cooldown. After ``RESTS`` of them without a proper answer, gives the host up.

        The cooldown of a host that never answered and accepts no connection is a tenth as long: the host is probably
        gone for good.
        """
        if now < self.resting_until or self.over:
            return  # the failed request started before the cooldown
        if self._rests == RESTS:
            self.over = outcome._replace(detail=f"{outcome.detail}; the host kept failing and was given up")
        share = _UNREACHABLE if outcome.unreachable and self._seconds is None else 1.0
        seconds = share * self._rules.rest * 2**self._rests
        self.notice = self.over.detail if self.over else f"{outcome.detail}; next try in {seconds:g} s"
        self.resting_until = now + seconds
        self._rests += 1

    def _fail(self, outcome: FetchStatus, now: float) -> None:
        self._failures += 1
        if self._failures >= TIRED or self._rests:  # after a cooldown, one failed probe is enough
            self.rest(outcome, now)
            self._failures = 0

    def turn(self, worker: str, now: float, patience: float) -> HostGrant:
        """Returns what a worker may do after its report. Rows that would wait longer than ``patience`` are not kept."""
        need = self._needs[worker]
        if self.over:
            return HostGrant(over=self.over)
        keep = self._keep(need, now, patience)
        if now < self.resting_until:
            return HostGrant(keep=keep, wait=self.resting_until - now)
        # after a cooldown, one request at a time until one is answered
        most = 1 if self._rests else self._rules.per_host
        room = most - (self._using - need.using)
        if self.delay > 0:
            return self._paced(need, room, now, keep)
        slots = max(min(need.using + need.waiting, room - self._owed(need, most)), 0)
        starved = slots < min(need.using + need.waiting, self._rules.per_host)
        self._grant(need, max(need.using, slots))
        return HostGrant(slots, None, keep, wait=_POLL * len(self._needs) if starved else HEARTBEAT)

    def _owed(self, need: HostReport, most: int) -> int:
        """Returns how many requests the others lack of their fair shares; 0 if there are more workers than ``most``."""
        fair = most // len(self._needs)
        others = [other for other in self._needs.values() if other is not need] if fair else []
        return sum(max(min(other.using + other.waiting, fair) - other.using, 0) for other in others)

    def _grant(self, need: HostReport, using: int) -> None:
        self._using += using - need.using
        need.using = using

    def set_delay(self, delay: float, now: float) -> None:
        """Spaces starts from now on by at least ``delay``; a shorter one than before changes nothing."""
        if delay > self.delay:
            self.delay = delay
            self._next_start = now + delay

    def _paced(self, need: HostReport, room: int, now: float, keep: int) -> HostGrant:
        starts: list[float] = []
        while len(starts) < min(need.waiting, room - need.using) and self._next_start <= now + HORIZON:
            start = max(self._next_start, now)
            starts.append(start - now)
            self._next_start = start + self.delay
        self._grant(need, need.using + len(starts))
        wait = max(self._next_start - HORIZON - now, _POLL) if need.waiting > len(starts) else HEARTBEAT
        return HostGrant(need.using, starts, keep, wait=wait)

    def _keep(self, need: HostReport, now: float, patience: float) -> int:
        left = patience - max(self.resting_until - now, 0.0)
        if left <= 0:
            return 0
        if math.isinf(left) or (self._seconds is None and not self.delay):
            return need.waiting or 1  # any wait is acceptable, or its length is not known yet
        rows = left / max(self.delay, (self._seconds or 0.0) / self._rules.per_host, 1e-6)
        return max(int(rows * need.waiting / self._waiting), 1) if self._waiting else 1
