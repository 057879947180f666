"""What one host is asked to bear: requests at once, time between them, rest when it fails. Has no clock of its own."""

import math
from dataclasses import dataclass, field

from artsim.scrape.verdict import Verdict

TIRED = 5  # failures in a row after which a host is rested
RESTS = 3  # rests without one proper answer after which it is given up; each is twice as long as the one before
_UNREACHABLE = 0.1  # of a rest, for a host to which no connection could ever be made
HORIZON = 0.25  # seconds ahead for which starts are handed out to a worker
HEARTBEAT = 0.2  # seconds between two messages of a worker that lacks nothing
_POLL = 0.02  # seconds between the questions of all the workers that wait for each other's slots


@dataclass(frozen=True)
class Rules:
    """Requests at once per host, least seconds between their starts, seconds of the first rest."""

    per_host: int = 2
    delay: float = 0.0
    rest: float = 10.0


@dataclass(slots=True)
class Need:
    """What a worker has to say about a host: the state of its requests, and news since it last spoke.

    ``using`` is how many requests it may at most have running until it is answered, ``waiting`` how many rows want
    to start. ``pause`` is the longest wait that an answer asked for (Retry-After).
    """

    using: int = 0
    waiting: int = 0
    finished: int = 0
    seconds: float = 0.0
    failed: list[Verdict] = field(default_factory=list)
    pause: float = 0.0


@dataclass(slots=True)
class Turn:
    """What a worker may do with a host until it asks again.

    ``slots``: how many requests it may have running. ``starts``: where starts are spaced, the seconds from now at which
    it may start one each; None where they are not. ``keep``: how many rows it may keep waiting, the others are
    deferred. ``over``: the host was given up, and this is the verdict for its rows. ``wait``: seconds after which it
    is worth while to ask again.
    """

    slots: int = 0
    starts: list[float] | None = None
    keep: int = 0
    over: Verdict | None = None
    wait: float = HEARTBEAT


class Host:
    """One host's state, over all workers."""

    def __init__(self, rules: Rules) -> None:
        self.delay = rules.delay
        self.resting_until = 0.0
        self.over: Verdict | None = None
        self.notice: str | None = None  # the latest rest in words, until somebody reads it
        self._rules = rules
        self._needs: dict[str, Need] = {}
        self._using = self._waiting = 0  # of all needs, kept up to date: a turn does not look at every worker
        self._next_start = 0.0
        self._failures = 0
        self._rests = 0
        self._seconds: float | None = None  # that a request takes, smoothed

    def hear(self, worker: str, need: Need, now: float) -> None:
        """Takes in what a worker says."""
        self.forget(worker)
        self._needs[worker] = need
        self._using += need.using
        self._waiting += need.waiting
        if need.finished:
            mean = need.seconds / need.finished
            self._seconds = mean if self._seconds is None else 0.7 * self._seconds + 0.3 * mean
            self._failures = self._rests = 0
        else:
            for verdict in need.failed:
                self._fail(verdict, now)
        if need.pause:
            self.resting_until = max(self.resting_until, now + need.pause)

    def forget(self, worker: str) -> None:
        """A worker is gone, and its requests with it."""
        if need := self._needs.pop(worker, None):
            self._using -= need.using
            self._waiting -= need.waiting

    def rest(self, verdict: Verdict, now: float) -> None:
        """Leaves the host alone for a while; after ``RESTS`` of them without a proper answer it is given up.

        A host that never answered and accepts no connection rests a tenth of the time: it is probably gone for good.
        """
        if now < self.resting_until or self.over:
            return  # what failed now was on its way before the rest
        if self._rests == RESTS:
            self.over = verdict._replace(detail=f"{verdict.detail}; the host kept failing and was given up")
        share = _UNREACHABLE if verdict.unreachable and self._seconds is None else 1.0
        seconds = share * self._rules.rest * 2**self._rests
        self.notice = self.over.detail if self.over else f"{verdict.detail}; next try in {seconds:g} s"
        self.resting_until = now + seconds
        self._rests += 1

    def _fail(self, verdict: Verdict, now: float) -> None:
        self._failures += 1
        if self._failures >= TIRED or self._rests:  # after a rest, one failed probe is enough
            self.rest(verdict, now)
            self._failures = 0

    def turn(self, worker: str, now: float, patience: float) -> Turn:
        """What a worker that was just heard may do. Rows that would wait longer than ``patience`` are not kept."""
        need = self._needs[worker]
        if self.over:
            return Turn(over=self.over)
        keep = self._keep(need, now, patience)
        if now < self.resting_until:
            return Turn(keep=keep, wait=self.resting_until - now)
        most = 1 if self._rests else self._rules.per_host  # after a rest, one request at a time until one is answered
        room = most - (self._using - need.using)
        if self.delay > 0:
            return self._paced(need, room, now, keep)
        slots = max(min(need.using + need.waiting, room - self._owed(need, most)), 0)
        starved = slots < min(need.using + need.waiting, self._rules.per_host)
        self._grant(need, max(need.using, slots))
        return Turn(slots, None, keep, wait=_POLL * len(self._needs) if starved else HEARTBEAT)

    def _owed(self, need: Need, most: int) -> int:
        """How many requests the others lack of their fair shares: none where they are more than ``most``."""
        fair = most // len(self._needs)
        others = [other for other in self._needs.values() if other is not need] if fair else []
        return sum(max(min(other.using + other.waiting, fair) - other.using, 0) for other in others)

    def _grant(self, need: Need, using: int) -> None:
        self._using += using - need.using
        need.using = using

    def set_delay(self, delay: float, now: float) -> None:
        """Spaces starts from now on by at least ``delay``; a shorter one than before changes nothing."""
        if delay > self.delay:
            self.delay = delay
            self._next_start = now + delay

    def _paced(self, need: Need, room: int, now: float, keep: int) -> Turn:
        starts: list[float] = []
        while len(starts) < min(need.waiting, room - need.using) and self._next_start <= now + HORIZON:
            start = max(self._next_start, now)
            starts.append(start - now)
            self._next_start = start + self.delay
        self._grant(need, need.using + len(starts))
        wait = max(self._next_start - HORIZON - now, _POLL) if need.waiting > len(starts) else HEARTBEAT
        return Turn(need.using, starts, keep, wait=wait)

    def _keep(self, need: Need, now: float, patience: float) -> int:
        left = patience - max(self.resting_until - now, 0.0)
        if left <= 0:
            return 0
        if math.isinf(left) or (self._seconds is None and not self.delay):
            return need.waiting or 1  # any wait will do, or nobody knows yet how long it would be
        rows = left / max(self.delay, (self._seconds or 0.0) / self._rules.per_host, 1e-6)
        return max(int(rows * need.waiting / self._waiting), 1) if self._waiting else 1
