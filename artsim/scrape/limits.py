"""The one place in a cluster that knows what every host is asked to bear; workers ask here before they ask a host.

It is plain Python with a clock that can be set; ``run.py`` makes a Ray actor of it. Workers speak to it in few and
whole messages: each states all it has, so that a lost message or a lost worker leaves nothing wrong behind.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from artsim.scrape.host import RESTS, Host, Need, Rules, Turn
from artsim.scrape.robots import Robots

LOST = 60.0  # seconds of silence after which a worker and its requests count as gone
_ROBOTS_LAST = 24 * 3600.0  # RFC 9309, section 2.4: a robots.txt is not used for longer than a day


@dataclass(slots=True)
class Request:
    """A worker's message: what it needs of each host, the sites whose robots.txt it asks for, those that it read."""

    worker: str
    patience: float
    needs: dict[str, Need]
    ask: dict[str, str] = field(default_factory=dict)  # site (http://host:port) to host
    found: dict[str, tuple[str, Robots | None]] = field(
        default_factory=dict
    )  # site to host and what it says; None: not read


@dataclass(slots=True)
class Answer:
    """The answer: a turn for each host, robots that are known, sites whose robots.txt this worker is to read."""

    turns: dict[str, Turn]
    robots: dict[str, Robots] = field(default_factory=dict)
    fetch: dict[str, str] = field(default_factory=dict)  # site to host


@dataclass(slots=True)
class _Site:
    robots: Robots | None = None
    until: float = 0.0
    reader: str | None = None
    tries: int = 0


class Limits:
    """Hosts, sites and workers of one run."""

    def __init__(self, rules: Rules, clock: Callable[[], float] = time.monotonic) -> None:
        self._rules = rules
        self._clock = clock
        self._hosts: dict[str, Host] = {}
        self._sites: dict[str, _Site] = {}
        self._heard: dict[str, float] = {}
        self._notices: list[str] = []

    def exchange(self, request: Request) -> Answer:
        """Takes in what a worker says and tells what it may do."""
        now = self._clock()
        self._bury(now)
        self._heard[request.worker] = now
        for site, (host, robots) in request.found.items():
            self._learn(site, self._host(host), robots, now)
        for name, need in request.needs.items():
            self._host(name).hear(request.worker, need, now)
        answer = Answer({})
        for name in request.needs:
            answer.turns[name] = self._host(name).turn(request.worker, now, request.patience)
        for site, name in request.ask.items():
            self._tell(site, name, request.worker, answer, now)
        for name in {*request.needs, *(name for name, _ in request.found.values())}:
            if notice := self._host(name).notice:
                self._notices.append(f"{name}: {notice}")
                self._host(name).notice = None
        return answer

    def notices(self) -> list[str]:
        """Which hosts rest or were given up since the last call, why, and when they are asked again; a line each."""
        notices, self._notices = self._notices, []
        return notices

    def soonest(self) -> float:
        """Seconds until the first of the resting hosts may be asked again; 0 if none rests."""
        now = self._clock()
        rests = [host.resting_until - now for host in self._hosts.values() if not host.over]
        return min((rest for rest in rests if rest > 0), default=0.0)

    def _host(self, name: str) -> Host:
        if name not in self._hosts:
            self._hosts[name] = Host(self._rules)
        return self._hosts[name]

    def _learn(self, site: str, host: Host, robots: Robots | None, now: float) -> None:
        state = self._sites.setdefault(site, _Site())
        state.reader = None
        if robots is None:
            return
        if robots.failure and not robots.lasting:
            state.tries += 1
            host.rest(robots.failure, now)
            if state.tries <= RESTS:
                return  # whoever asks after the rest reads it
        state.robots, state.until = robots, now + _ROBOTS_LAST
        host.set_delay(robots.delay, now)

    def _tell(self, site: str, name: str, worker: str, answer: Answer, now: float) -> None:
        state, host = self._sites.setdefault(site, _Site()), self._host(name)
        if state.robots and now < state.until:
            answer.robots[site] = state.robots
        elif state.reader is None and now >= host.resting_until and not host.over:
            state.reader = worker
            answer.fetch[site] = name

    def _bury(self, now: float) -> None:
        for worker in [name for name, heard in self._heard.items() if now - heard > LOST]:
            del self._heard[worker]
            for host in self._hosts.values():
                host.forget(worker)
            for site in self._sites.values():
                if site.reader == worker:
                    site.reader = None
