"""A minimal web server for benchmarks, in a process of its own so that it takes no time of the client's."""

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]

Answer = Callable[[bytes], bytes]  # from the path of a request to the whole response


def response(body: bytes, status: str = "200 OK") -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def serve(answer: Answer, latency: float, *about: int) -> None:
    """Runs the server; each answer is sent after ``latency`` seconds. Prints its port, and ``about``."""

    class Connection(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport = transport
            self.head = b""

        def data_received(self, data: bytes) -> None:
            self.head += data
            while b"\r\n\r\n" in self.head:
                asked, self.head = self.head.split(b"\r\n\r\n", 1)
                asyncio.get_running_loop().call_later(latency, self.transport.write, answer(asked.split(b" ", 2)[1]))

    async def run() -> None:
        server = await asyncio.get_running_loop().create_server(Connection, "0.0.0.0", 0, backlog=1000)
        print(server.sockets[0].getsockname()[1], *about, flush=True)
        await server.serve_forever()

    asyncio.run(run())


@contextlib.contextmanager
def server(module: str) -> Iterator[list[int]]:
    """Starts ``python -m MODULE --serve``, which calls ``serve``; yields its port, and ``about``."""
    process = subprocess.Popen([sys.executable, "-m", module, "--serve"], stdout=subprocess.PIPE, cwd=ROOT)
    assert process.stdout is not None
    try:
        yield [int(word) for word in process.stdout.readline().split()]
    finally:
        process.kill()
        process.wait()
