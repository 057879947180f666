"""The rate-limit client: rows wait here until their host may be asked. Each worker has one, in its event loop."""

import asyncio
import contextlib
import math
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from dataclasses import dataclass, field

from protego import Protego
from yarl import URL

from artsim.http.user_agent import AGENT
from artsim.scrape.rate_limit import HostGrant, HostReport
from artsim.scrape.rate_limit_coordinator import Answer, Request
from artsim.scrape.robots import Robots
from artsim.scrape.status import Deferred, Failure, FetchStatus, internal
from artsim.scrape.web_address import host_of

_BREATH = 0.005  # minimum seconds between two messages; events in between are sent together
_SILENCE = 5.0  # maximum seconds between two messages, so that the coordinator knows that the worker is alive
_SETTLE = 1.0  # maximum seconds to give up the slots of a worker without rows

Waiter = asyncio.Future[None]


class CoordinatorLost(Exception):
    """The rate-limit coordinator does not answer any more, so nothing may be fetched."""


@dataclass(slots=True)
class _Host:
    """A host as this worker sees it. A request to a ``paced`` host needs a permit; other hosts have ``slots``."""

    queue: deque[Waiter] = field(default_factory=deque)
    active: int = 0
    slots: int = 0
    paced: bool = False
    permits: int = 0  # requests that may start now
    promised: int = 0  # requests that may start soon, at a time already set
    news: HostReport = field(default_factory=HostReport)
    failed_at: float = 0.0

    @property
    def open(self) -> bool:
        return self.permits > 0 if self.paced else self.active < self.slots

    @property
    def busy(self) -> bool:
        return bool(self.queue or self.active or self.slots or self.promised or self.news.finished or self.news.failed)

    def report(self) -> HostReport:
        """Returns this host's state and news for the coordinator, and clears the news.

        Slots and permits that no row needs are given up; the worker stays within ``using`` until it is answered.
        """
        need, self.news = self.news, HostReport()
        if self.paced:
            self.permits = min(self.permits, len(self.queue))
            need.using = self.active + self.permits + self.promised
            need.waiting = max(len(self.queue) - self.permits - self.promised, 0)
        else:
            self.slots = min(self.slots, self.active + len(self.queue))
            need.using = max(self.active, self.slots)
            need.waiting = self.active + len(self.queue) - need.using
        return need


@dataclass(slots=True)
class _Site:
    """A site (scheme, host and port) whose robots.txt is not known yet."""

    host: str
    waiting: list[Waiter] = field(default_factory=list)


class RateLimitClient:
    """Delays requests so that all workers together stay within the rate limits.

    ``exchange`` sends a message to ``RateLimitCoordinator`` and returns the answer. ``read_robots`` reads the
    robots.txt of a site through this gate. At most ``capacity`` requests run at once, over all hosts. Rows that would
    wait longer than ``patience`` seconds are deferred.
    """

    def __init__(
        self,
        worker: str,
        exchange: Callable[[Request], Awaitable[Answer]],
        read_robots: Callable[[str], Awaitable[Robots]],
        capacity: int,
    ) -> None:
        self.patience = math.inf
        self._worker = worker
        self._exchange = exchange
        self._read_robots = read_robots
        self._capacity = capacity
        self._active = 0
        self._hosts: dict[str, _Host] = {}
        self._known: dict[str, tuple[Robots, Protego]] = {}
        self._unknown: dict[str, _Site] = {}
        self._found: dict[str, tuple[str, Robots | None]] = {}
        self._errands: set[asyncio.Task[None]] = set()
        self._lost: CoordinatorLost | None = None
        self._news = asyncio.Event()
        self._talk = asyncio.create_task(self._keep_talking())

    async def settle(self) -> None:
        """Gives up this worker's slots now. Call it when no row is left: the worker may end before its next message."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_SETTLE):
                while self._hosts and not self._talk.done():  # a host without rows and slots is dropped once it is told
                    self._news.set()
                    await asyncio.sleep(_BREATH)

    async def close(self) -> None:
        """Cancels the exchange of messages and the reading of robots.txt files."""
        tasks = [self._talk, *self._errands]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    @contextlib.asynccontextmanager
    async def visit(self, url: URL, *, obey: bool = True) -> AsyncIterator[None]:
        """``async with gate.visit(url):`` wraps one request; waits until its host may be asked.

        Raises ``Failure`` if robots.txt forbids it (unless ``obey`` is false) or the host was given up, ``Deferred`` if
        the wait would be too long. A ``Failure`` raised inside counts against the host if another attempt may help.
        """
        name = host_of(url)
        if obey:
            await self._ask_robots(url, name)
        host = self._hosts.setdefault(name, _Host())
        await self._queue(host, first=not obey)
        started = time.monotonic()
        try:
            yield
        except Failure as failure:
            self._note(host, failure)
            raise
        else:
            host.news.finished += 1
        finally:
            host.news.seconds += time.monotonic() - started
            host.active -= 1
            self._active -= 1
            if host.active >= host.slots and not host.paced:
                self._news.set()  # another worker waits for this slot
            self._start([host] if self._active < self._capacity - 1 else self._hosts.values())

    async def _ask_robots(self, url: URL, name: str) -> None:
        origin = str(url.origin())
        if origin not in self._known:
            self._hosts.setdefault(name, _Host())
            waiter = self._waiter()
            self._unknown.setdefault(origin, _Site(name)).waiting.append(waiter)
            self._news.set()
            await waiter
        robots, rules = self._known[origin]
        if robots.failure:
            raise Failure(robots.failure)
        if not rules.can_fetch(str(url), AGENT):
            raise Failure(FetchStatus("robots", "the site's robots.txt does not allow it", removed=True))

    async def _queue(self, host: _Host, *, first: bool) -> None:
        waiter = self._waiter()
        if first:
            host.queue.appendleft(waiter)
        else:
            host.queue.append(waiter)
        self._start([host])
        if not waiter.done():
            self._news.set()
        await waiter

    def _waiter(self) -> Waiter:
        if self._lost:
            raise self._lost
        return asyncio.get_running_loop().create_future()

    def _note(self, host: _Host, failure: Failure) -> None:
        if not failure.again:
            host.news.finished += 1  # a lasting failure, such as 404, does not count against the host
            return
        host.news.failed.append(failure.outcome)
        host.news.pause = max(host.news.pause, failure.after)
        host.slots = host.permits = 0  # nothing starts before the coordinator knows of the failure
        host.failed_at = time.monotonic()
        self._news.set()

    def _start(self, hosts: Collection[_Host]) -> None:
        """Starts waiting rows, one per host in turn, the longest queue first, so that no host is left for the end."""
        while self._active < self._capacity and (ready := [host for host in hosts if host.queue and host.open]):
            ready.sort(key=lambda host: len(host.queue), reverse=True)
            for host in ready[: self._capacity - self._active]:
                waiter = host.queue.popleft()
                if not waiter.done():
                    host.permits -= host.paced
                    host.active += 1
                    self._active += 1
                    waiter.set_result(None)

    async def _keep_talking(self) -> None:
        wait: float | None = None
        try:
            while True:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(wait):
                        await self._news.wait()
                self._news.clear()
                sent, request = time.monotonic(), self._request()
                answer = await self._exchange(request)
                for name, turn in answer.turns.items():
                    self._take(name, turn, request.needs[name].waiting, sent)
                self._learn(answer)
                self._start(self._hosts.values())
                asking = {site.host for site in self._unknown.values()}
                self._hosts = {name: host for name, host in self._hosts.items() if host.busy or name in asking}
                waits = [_SILENCE, *(turn.wait for name, turn in answer.turns.items() if name in self._hosts)]
                wait = min(waits) if self._hosts else None
                await asyncio.sleep(_BREATH)
        except Exception as error:
            self._lost = CoordinatorLost(f"the rate-limit coordinator does not respond: {error!r}")
            for name, host in self._hosts.items():
                self._turn_away(name, host, len(host.queue), self._lost, everybody=True)

    def _request(self) -> Request:
        robots_read, self._found = self._found, {}
        needs = {name: host.report() for name, host in self._hosts.items()}
        ask = {origin: site.host for origin, site in self._unknown.items() if origin not in robots_read}
        return Request(self._worker, self.patience, needs, ask, robots_read)

    def _take(self, name: str, turn: HostGrant, waiting: int, sent: float) -> None:
        host = self._hosts[name]
        if turn.over:
            self._turn_away(name, host, len(host.queue), Failure(turn.over), everybody=True)
            return
        self._turn_away(name, host, waiting - turn.keep, Deferred(), everybody=turn.keep == 0)
        if sent < host.failed_at:
            return  # this answer does not account for the latest failure
        host.paced = turn.starts is not None
        host.slots = 0 if host.paced else turn.slots
        for start in turn.starts or ():
            host.promised += 1
            asyncio.get_running_loop().call_later(start, self._permit, host, sent)

    def _permit(self, host: _Host, sent: float) -> None:
        host.promised -= 1
        if sent >= host.failed_at:
            host.permits += 1
            self._start([host])

    def _turn_away(self, name: str, host: _Host, last: int, why: Exception, *, everybody: bool) -> None:
        """Raises ``why`` in the ``last`` rows of a host's queue; if ``everybody``, also in those for its robots.txt."""
        waiters = [host.queue.pop() for _ in range(min(last, len(host.queue)))]
        if everybody:
            for origin in [origin for origin, site in self._unknown.items() if site.host == name]:
                waiters += self._unknown.pop(origin).waiting
        for waiter in waiters:
            if not waiter.done():
                waiter.set_exception(why)

    def _learn(self, answer: Answer) -> None:
        for origin, robots in answer.robots.items():
            self._known[origin] = (robots, robots.rules())
            site = self._unknown.pop(origin, None)
            for waiter in site.waiting if site else ():
                if not waiter.done():
                    waiter.set_result(None)
        for origin, name in answer.fetch.items():
            task = asyncio.create_task(self._read(origin, name))
            self._errands.add(task)
            task.add_done_callback(self._errands.discard)

    async def _read(self, origin: str, name: str) -> None:
        try:
            robots = await self._read_robots(origin)
        except Deferred:
            robots = None  # the coordinator asks a worker to read it later
        except Exception as error:
            robots = Robots(failure=internal(error))
        self._hosts.setdefault(name, _Host())
        self._found[origin] = (name, robots)
        self._news.set()
