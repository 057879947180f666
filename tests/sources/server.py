"""A small museum server on loopback: each test defines its answers, and it records the requests."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

Answer = tuple[int, dict[str, str], bytes]


@dataclass
class Museum:
    """``answer(path, params)`` returns a JSON value, or (status, headers, body); ``asked`` lists paths with queries."""

    url: str = ""
    asked: list[str] = field(default_factory=list)
    agents: list[str] = field(default_factory=list)
    answer: Callable[[str, dict[str, str]], Any] = lambda path, params: (404, {}, b"")

    @property
    def host(self) -> str:
        return urlsplit(self.url).netloc


@contextmanager
def running() -> Iterator[Museum]:
    museum = Museum()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 1 << 16  # sends a response as one packet: a second one would be delayed

        def do_GET(self) -> None:
            museum.asked.append(self.path)
            museum.agents.append(self.headers["User-Agent"])
            url = urlsplit(self.path)
            value = museum.answer(url.path, dict(parse_qsl(url.query)))
            status, headers, body = (
                value if isinstance(value, tuple) else (200, {"Content-Type": "application/json"}, to_bytes(value))
            )
            self.send_response(status)
            for name, text in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, text)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    museum.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield museum
    finally:
        server.shutdown()
        server.server_close()


def to_bytes(value: Any) -> bytes:
    return value if isinstance(value, bytes) else json.dumps(value).encode()
