"""The rate-limit coordinator: knows the requests to every host, and limits how many each worker may send.

It is plain Python with an injectable clock; ``pipeline.py`` makes a Ray actor of it. Each message holds a worker's full
state, so a lost message or a lost worker leaves no wrong state behind.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from artsim.scrape.rate_limit import MAX_COOLDOWNS, Host, HostGrant, HostReport, Rules
from artsim.scrape.robots import Robots

WORKER_TIMEOUT = 60.0  # seconds without a message after which a worker and its requests count as lost
_ROBOTS_MAX_AGE = 24 * 3600.0  # RFC 9309, section 2.4: a robots.txt is not used for longer than a day


@dataclass(slots=True)
class Request:
    """A worker's message: its needs per host, sites whose robots.txt it asks for, those that it has read."""

    worker: str
    max_wait: float
    reports: dict[str, HostReport]
    robots_needed: dict[str, str] = field(default_factory=dict)  # site (http://host:port) to host
    # site to host and robots.txt (None if it was not read)
    robots_read: dict[str, tuple[str, Robots | None]] = field(default_factory=dict)


@dataclass(slots=True)
class Reply:
    """The answer: a grant for each host, known robots.txt files, sites whose robots.txt the worker is to read."""

    grants: dict[str, HostGrant]
    robots: dict[str, Robots] = field(default_factory=dict)
    robots_to_read: dict[str, str] = field(default_factory=dict)  # site to host


@dataclass(slots=True)
class _Site:
    robots: Robots | None = None
    expires: float = 0.0
    reader: str | None = None
    tries: int = 0


class RateLimitCoordinator:
    """The state of all hosts, sites and workers of one run."""

    def __init__(self, rules: Rules, clock: Callable[[], float] = time.monotonic) -> None:
        self._rules = rules
        self._clock = clock
        self._hosts: dict[str, Host] = {}
        self._sites: dict[str, _Site] = {}
        self._last_message: dict[str, float] = {}
        self._notices: list[str] = []

    def exchange(self, request: Request) -> Reply:
        """Records a worker's message and returns what the worker may do."""
        now = self._clock()
        self._forget_lost_workers(now)
        self._last_message[request.worker] = now
        for site, (host, robots) in request.robots_read.items():
            self._record_robots(site, self._host(host), robots, now)
        for name, report in request.reports.items():
            self._host(name).record(request.worker, report, now)
        reply = Reply({})
        for name in request.reports:
            reply.grants[name] = self._host(name).grant(request.worker, now, request.max_wait)
        for site, name in request.robots_needed.items():
            self._reply_robots(site, name, request.worker, reply, now)
        for name in {*request.reports, *(name for name, _ in request.robots_read.values())}:
            if notice := self._host(name).notice:
                self._notices.append(f"{name}: {notice}")
                self._host(name).notice = None
        return reply

    def notices(self) -> list[str]:
        """Returns a line for each host that began a cooldown or was given up since the last call, with the reason."""
        notices, self._notices = self._notices, []
        return notices

    def seconds_to_next_cooldown_end(self) -> float:
        """Returns the seconds until the first cooldown ends; 0 if no host has one."""
        now = self._clock()
        cooldowns = [host.cooldown_until - now for host in self._hosts.values() if not host.given_up]
        return min((seconds for seconds in cooldowns if seconds > 0), default=0.0)

    def _host(self, name: str) -> Host:
        if name not in self._hosts:
            self._hosts[name] = Host(self._rules)
        return self._hosts[name]

    def _record_robots(self, site: str, host: Host, robots: Robots | None, now: float) -> None:
        state = self._sites.setdefault(site, _Site())
        state.reader = None
        if robots is None:
            return
        if robots.failure and not robots.permanent:
            state.tries += 1
            host.start_cooldown(robots.failure, now)
            if state.tries <= MAX_COOLDOWNS:
                return  # the first worker that asks after the cooldown reads it
        state.robots, state.expires = robots, now + _ROBOTS_MAX_AGE
        host.set_delay(robots.delay, now)

    def _reply_robots(self, site: str, name: str, worker: str, reply: Reply, now: float) -> None:
        state, host = self._sites.setdefault(site, _Site()), self._host(name)
        if state.robots and now < state.expires:
            reply.robots[site] = state.robots
        elif state.reader is None and now >= host.cooldown_until and not host.given_up:
            state.reader = worker
            reply.robots_to_read[site] = name

    def _forget_lost_workers(self, now: float) -> None:
        for worker in [name for name, sent in self._last_message.items() if now - sent > WORKER_TIMEOUT]:
            del self._last_message[worker]
            for host in self._hosts.values():
                host.forget(worker)
            for site in self._sites.values():
                if site.reader == worker:
                    site.reader = None
