"""The rate-limit coordinator: knows the requests to every host, and tells workers how many they may send.

It is plain Python with an injectable clock; ``pipeline.py`` makes a Ray actor of it. Each message holds a worker's full
state, so a lost message or a lost worker leaves no wrong state behind.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from artsim.scrape.rate_limit import RESTS, Host, HostGrant, HostReport, Rules
from artsim.scrape.robots import Robots

LOST = 60.0  # seconds without a message after which a worker and its requests count as lost
_ROBOTS_LAST = 24 * 3600.0  # RFC 9309, section 2.4: a robots.txt is not used for longer than a day


@dataclass(slots=True)
class Request:
    """A worker's message: its needs per host, sites whose robots.txt it asks for, those that it has read."""

    worker: str
    patience: float
    needs: dict[str, HostReport]
    ask: dict[str, str] = field(default_factory=dict)  # site (http://host:port) to host
    # site to host and robots.txt (None if it was not read)
    found: dict[str, tuple[str, Robots | None]] = field(default_factory=dict)


@dataclass(slots=True)
class Answer:
    """The answer: a turn for each host, known robots.txt files, sites whose robots.txt the worker is to read."""

    turns: dict[str, HostGrant]
    robots: dict[str, Robots] = field(default_factory=dict)
    fetch: dict[str, str] = field(default_factory=dict)  # site to host


@dataclass(slots=True)
class _Site:
    robots: Robots | None = None
    until: float = 0.0
    reader: str | None = None
    tries: int = 0


class RateLimitCoordinator:
    """The state of all hosts, sites and workers of one run."""

    def __init__(self, rules: Rules, clock: Callable[[], float] = time.monotonic) -> None:
        self._rules = rules
        self._clock = clock
        self._hosts: dict[str, Host] = {}
        self._sites: dict[str, _Site] = {}
        self._heard: dict[str, float] = {}
        self._notices: list[str] = []

    def exchange(self, request: Request) -> Answer:
        """Records a worker's message and returns what the worker may do."""
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
        """Returns a line for each host that began a cooldown or was given up since the last call, with the reason."""
        notices, self._notices = self._notices, []
        return notices

    def soonest(self) -> float:
        """Returns the seconds until the first cooldown ends; 0 if no host has one."""
        now = self._clock()
        cooldowns = [host.resting_until - now for host in self._hosts.values() if not host.over]
        return min((seconds for seconds in cooldowns if seconds > 0), default=0.0)

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
                return  # the first worker that asks after the cooldown reads it
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
