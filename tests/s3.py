"""An in-memory S3 server on loopback that records its requests and fails on demand."""

import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from http.client import HTTPConnection
from typing import Any, NamedTuple

from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wsgi import get_input_stream

BUCKET = "museum"
KEY, SECRET = "AKIACURATOR", "a/secret+key/nobody/may/read"

_APP = DomainDispatcherApplication(create_backend_app)


class Asked(NamedTuple):
    """A request: its method, the path with the bucket, the query, and the time of arrival."""

    method: str
    path: str
    query: str
    at: float


class _Silent(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, *_: Any) -> None:
        pass


@dataclass
class S3Server:
    """``with S3Server() as s3:`` serves the empty bucket ``s3://museum`` to clients that have the key.

    ``trouble`` is called with each request; it returns an HTTP status to answer with, or None. It may block.
    """

    trouble: Callable[[Asked], int | None] = lambda _: None
    asked: list[Asked] = field(default_factory=list)

    def __enter__(self) -> "S3Server":
        self._server = make_server("127.0.0.1", 0, self._answer, threaded=True, request_handler=_Silent)
        self._server.daemon_threads = True
        self._server.log = lambda *_: None  # would report clients that were killed during a request
        self.url = f"http://127.0.0.1:{self._server.port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self._tell("POST", "/moto-api/reset")
        self._tell("PUT", f"/{BUCKET}")
        self.asked.clear()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()

    @property
    def environment(self) -> dict[str, str]:
        """Returns environment variables that give a process this server, its key and a local Ray."""
        return {
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_ENDPOINT_URL": self.url,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
            "AWS_CONFIG_FILE": "/dev/null",
            "RAY_ADDRESS": "local",
        }

    def counted(self) -> Counter[str]:
        """Returns the number of requests by method; listings count as ``LIST``."""
        return Counter("LIST" if "list-type" in request.query else request.method for request in self.asked)

    def fails_for(self, seconds: float, delay: float = 0.0, only: str = "") -> None:
        """Answers all requests with 503 for ``seconds``, then delays them by ``delay`` seconds for as long.

        ``only`` limits the 503 to one method.
        """
        began = time.monotonic()

        def trouble(asked: Asked) -> int | None:
            if time.monotonic() < began + seconds:
                return 503 if only in asked.method else None
            if time.monotonic() < began + 2 * seconds:
                time.sleep(delay)
            return None

        self.trouble = trouble

    def _tell(self, method: str, path: str) -> None:
        connection = HTTPConnection("127.0.0.1", self._server.port)
        signed = f"AWS4-HMAC-SHA256 Credential={KEY}/20260101/us-east-1/s3/aws4_request"
        connection.request(method, path, headers={"Authorization": signed})
        assert connection.getresponse().status == 200
        connection.close()

    def _answer(self, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        asked = Asked(environ["REQUEST_METHOD"], environ["PATH_INFO"], environ["QUERY_STRING"], time.monotonic())
        self.asked.append(asked)
        status = self.trouble(asked)
        if status is None and not re.search(rf"Credential={KEY}/", environ.get("HTTP_AUTHORIZATION", "")):
            status = 403
        if status is None:
            return _APP(environ, start)
        get_input_stream(environ).read()
        code = {403: "AccessDenied", 503: "SlowDown"}[status]
        start(f"{status} {code}", [("Content-Type", "application/xml")])
        body = f"<Error><Code>{code}</Code><Message>as it was told</Message></Error>".encode()
        return [] if asked.method == "HEAD" else [body]
