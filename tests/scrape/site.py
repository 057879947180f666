"""A local web site for tests: sends any bytes, valid HTTP or not, and logs every request."""

import asyncio
import ssl
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Visit:
    """One request as the server saw it; ``ended`` is when its response was written."""

    path: str
    headers: dict[str, str]
    began: float
    ended: float = float("inf")
    client: Any = None


Page = Callable[[Visit, asyncio.StreamWriter], Awaitable[None]]


def answer(status: int = 200, body: bytes = b"", *headers: str, length: int | None = None) -> bytes:
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(body) if length is None else length}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def page(data: bytes, *, latency: float = 0.0, close: bool = False) -> Page:
    """Returns a page that always sends these bytes, headers included."""

    async def send(visit: Visit, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(latency)
        writer.write(data)
        await writer.drain()
        if close:
            writer.close()

    return send


def in_turn(*pages: Page) -> Page:
    """Returns a page that answers as each of ``pages`` in turn, and then always as the last."""
    answered = 0

    async def send(visit: Visit, writer: asyncio.StreamWriter) -> None:
        nonlocal answered
        answered += 1
        await pages[min(answered, len(pages)) - 1](visit, writer)

    return send


@dataclass
class Site:
    """``with Site() as site:`` serves ``pages`` by path at ``site.url``; other paths get ``default`` or a 404."""

    host: str = "127.0.0.1"
    pages: dict[str, Page] = field(default_factory=dict)
    default: Page | None = None
    visits: list[Visit] = field(default_factory=list)
    port: int = 0
    tls: ssl.SSLContext | None = None

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    @property
    def netloc(self) -> str:
        return f"{self.host}:{self.port}"

    def visits_to(self, path: str) -> list[Visit]:
        return [visit for visit in self.visits if visit.path == path]

    def images(self) -> list[Visit]:
        return [visit for visit in self.visits if visit.path != "/robots.txt"]

    def __enter__(self) -> "Site":
        self._loop = asyncio.new_event_loop()
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(ready,), daemon=True)
        self._thread.start()
        assert ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _run(self, ready: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        listening = asyncio.start_server(self._serve, self.host, self.port, backlog=1000, ssl=self.tls)
        server = self._loop.run_until_complete(listening)
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        self._loop.run_forever()
        server.close()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0.05))
        self._loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while not writer.is_closing():
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                first, *lines = head.rstrip().split("\r\n")
                headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
                visit = Visit(first.split(" ")[1], headers, time.monotonic(), client=writer.get_extra_info("peername"))
                self.visits.append(visit)
                try:
                    known = self.pages.get(visit.path.partition("?")[0])
                    nothing = page(answer(404))
                    usual = nothing if visit.path == "/robots.txt" else (self.default or nothing)
                    await (known or usual)(visit, writer)
                finally:
                    visit.ended = time.monotonic()
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.LimitOverrunError, asyncio.CancelledError):
            pass
        finally:
            writer.close()


def max_concurrent(visits: list[Visit]) -> int:
    """Returns the largest number of these requests that were open at the same time."""
    events = sorted([(visit.began, 1) for visit in visits] + [(visit.ended, -1) for visit in visits])
    worst = now = 0
    for _, step in events:
        now += step
        worst = max(worst, now)
    return worst
