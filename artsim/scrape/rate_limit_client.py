"""The rate-limit client: rows wait here for a slot of their host. Each worker has one, in its event loop."""

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
from artsim.scrape.rate_limit_coordinator import Reply, Request
from artsim.scrape.robots import Robots
from artsim.scrape.status import Deferred, Failure, FetchStatus, internal
from artsim.scrape.web_address import host_of

_MIN_INTERVAL = 0.005  # minimum seconds between two messages; events in between are sent together
_MAX_INTERVAL = 5.0  # maximum seconds between two messages, so that the coordinator knows that the worker is alive
_RELEASE_TIMEOUT = 1.0  # maximum seconds to give up the slots of a worker without rows

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
    scheduled: int = 0  # requests that may start soon, at a time already set
    unreported: HostReport = field(default_factory=HostReport)
    failed_at: float = 0.0

    @property
    def open(self) -> bool:
        return self.permits > 0 if self.paced else self.active < self.slots

    @property
    def busy(self) -> bool:
        return bool(
            self.queue
            or self.active
            or self.slots
            or self.scheduled
            or self.unreported.finished
            or self.unreported.failed
        )

    def report(self) -> HostReport:
        """Returns this host's state and news for the coordinator, and clears the news.

        Slots and permits that no row needs are given up; the worker stays within ``using`` until it gets an answer.
        """
        report, self.unreported = self.unreported, HostReport()
        if self.paced:
            self.permits = min(self.permits, len(self.queue))
            report.using = self.active + self.permits + self.scheduled
            report.waiting = max(len(self.queue) - self.permits - self.scheduled, 0)
        else:
            self.slots = min(self.slots, self.active + len(self.queue))
            report.using = max(self.active, self.slots)
            report.waiting = self.active + len(self.queue) - report.using
        return report


@dataclass(slots=True)
class _Site:
    """A site (scheme, host and port) whose robots.txt is not known yet."""

    host: str
    waiting: list[Waiter] = field(default_factory=list)


class RateLimitClient:
    """Delays requests so that all workers together stay within the rate limits.

    ``exchange`` sends a message to ``RateLimitCoordinator`` and returns the answer. ``read_robots`` reads the
    robots.txt of a site through this client. At most ``capacity`` requests run at once, over all hosts. Rows that would
    wait longer than ``max_wait`` seconds are deferred.
    """

    def __init__(
        self,
        worker: str,
        exchange: Callable[[Request], Awaitable[Reply]],
        read_robots: Callable[[str], Awaitable[Robots]],
        capacity: int,
    ) -> None:
        self.max_wait = math.inf
        self._worker = worker
        self._exchange = exchange
        self._read_robots = read_robots
        self._capacity = capacity
        self._active = 0
        self._hosts: dict[str, _Host] = {}
        self._robots: dict[str, tuple[Robots, Protego]] = {}
        self._unread_sites: dict[str, _Site] = {}
        self._robots_read: dict[str, tuple[str, Robots | None]] = {}
        self._robots_tasks: set[asyncio.Task[None]] = set()
        self._coordinator_lost: CoordinatorLost | None = None
        self._changed = asyncio.Event()
        self._exchange_task = asyncio.create_task(self._exchange_messages())

    async def release_slots(self) -> None:
        """Gives up this worker's slots now. Call it when no row is left: the worker may end before its next message."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_RELEASE_TIMEOUT):
                # a host without rows and slots is dropped once it is reported
                while self._hosts and not self._exchange_task.done():
                    self._changed.set()
                    await asyncio.sleep(_MIN_INTERVAL)

    async def close(self) -> None:
        """Cancels the exchange of messages and the reading of robots.txt files."""
        tasks = [self._exchange_task, *self._robots_tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    @contextlib.asynccontextmanager
    async def visit(self, url: URL, *, obey: bool = True) -> AsyncIterator[None]:
        """``async with client.visit(url):`` wraps one request; waits for a slot of its host.

        Raises ``Failure`` if robots.txt forbids it (unless ``obey`` is false) or the host was given up, ``Deferred`` if
        the wait would be too long. A ``Failure`` raised inside counts against the host if another attempt may help.
        """
        name = host_of(url)
        if obey:
            await self._check_robots(url, name)
        host = self._hosts.setdefault(name, _Host())
        await self._queue(host, first=not obey)
        started = time.monotonic()
        try:
            yield
        except Failure as failure:
            self._record_failure(host, failure)
            raise
        else:
            host.unreported.finished += 1
        finally:
            host.unreported.seconds += time.monotonic() - started
            host.active -= 1
            self._active -= 1
            if host.active >= host.slots and not host.paced:
                self._changed.set()  # another worker waits for this slot
            self._start([host] if self._active < self._capacity - 1 else self._hosts.values())

    async def _check_robots(self, url: URL, name: str) -> None:
        origin = str(url.origin())
        if origin not in self._robots:
            self._hosts.setdefault(name, _Host())
            waiter = self._waiter()
            self._unread_sites.setdefault(origin, _Site(name)).waiting.append(waiter)
            self._changed.set()
            await waiter
        robots, rules = self._robots[origin]
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
            self._changed.set()
        await waiter

    def _waiter(self) -> Waiter:
        if self._coordinator_lost:
            raise self._coordinator_lost
        return asyncio.get_running_loop().create_future()

    def _record_failure(self, host: _Host, failure: Failure) -> None:
        if not failure.retryable:
            host.unreported.finished += 1  # a permanent failure, such as 404, does not count against the host
            return
        host.unreported.failed.append(failure.outcome)
        host.unreported.retry_after = max(host.unreported.retry_after, failure.retry_after)
        host.slots = host.permits = 0  # nothing starts before the coordinator knows of the failure
        host.failed_at = time.monotonic()
        self._changed.set()

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

    async def _exchange_messages(self) -> None:
        wait: float | None = None
        try:
            while True:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(wait):
                        await self._changed.wait()
                self._changed.clear()
                sent, request = time.monotonic(), self._request()
                reply = await self._exchange(request)
                for name, grant in reply.grants.items():
                    self._apply_grant(name, grant, request.reports[name].waiting, sent)
                self._handle_robots(reply)
                self._start(self._hosts.values())
                unread_hosts = {site.host for site in self._unread_sites.values()}
                self._hosts = {name: host for name, host in self._hosts.items() if host.busy or name in unread_hosts}
                waits = [_MAX_INTERVAL, *(grant.wait for name, grant in reply.grants.items() if name in self._hosts)]
                wait = min(waits) if self._hosts else None
                await asyncio.sleep(_MIN_INTERVAL)
        except Exception as error:
            self._coordinator_lost = CoordinatorLost(f"the rate-limit coordinator does not respond: {error!r}")
            for name, host in self._hosts.items():
                self._reject(name, host, len(host.queue), self._coordinator_lost, including_robots=True)

    def _request(self) -> Request:
        robots_read, self._robots_read = self._robots_read, {}
        reports = {name: host.report() for name, host in self._hosts.items()}
        robots_needed = {origin: site.host for origin, site in self._unread_sites.items() if origin not in robots_read}
        return Request(self._worker, self.max_wait, reports, robots_needed, robots_read)

    def _apply_grant(self, name: str, grant: HostGrant, waiting: int, sent: float) -> None:
        host = self._hosts[name]
        if grant.given_up:
            self._reject(name, host, len(host.queue), Failure(grant.given_up), including_robots=True)
            return
        self._reject(name, host, waiting - grant.keep, Deferred(), including_robots=grant.keep == 0)
        if sent < host.failed_at:
            return  # this answer does not account for the latest failure
        host.paced = grant.starts is not None
        host.slots = 0 if host.paced else grant.slots
        for start in grant.starts or ():
            host.scheduled += 1
            asyncio.get_running_loop().call_later(start, self._add_permit, host, sent)

    def _add_permit(self, host: _Host, sent: float) -> None:
        host.scheduled -= 1
        if sent >= host.failed_at:
            host.permits += 1
            self._start([host])

    def _reject(self, name: str, host: _Host, count: int, error: Exception, *, including_robots: bool) -> None:
        """Fails the last ``count`` rows of a host's queue, optionally also in those for its robots.txt."""
        waiters = [host.queue.pop() for _ in range(min(count, len(host.queue)))]
        if including_robots:
            for origin in [origin for origin, site in self._unread_sites.items() if site.host == name]:
                waiters += self._unread_sites.pop(origin).waiting
        for waiter in waiters:
            if not waiter.done():
                waiter.set_exception(error)

    def _handle_robots(self, reply: Reply) -> None:
        for origin, robots in reply.robots.items():
            self._robots[origin] = (robots, robots.rules())
            site = self._unread_sites.pop(origin, None)
            for waiter in site.waiting if site else ():
                if not waiter.done():
                    waiter.set_result(None)
        for origin, name in reply.robots_to_read.items():
            task = asyncio.create_task(self._read(origin, name))
            self._robots_tasks.add(task)
            task.add_done_callback(self._robots_tasks.discard)

    async def _read(self, origin: str, name: str) -> None:
        try:
            robots = await self._read_robots(origin)
        except Deferred:
            robots = None  # the coordinator asks a worker to read it later
        except Exception as error:
            robots = Robots(failure=internal(error))
        self._hosts.setdefault(name, _Host())
        self._robots_read[origin] = (name, robots)
        self._changed.set()
