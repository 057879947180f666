"""Who may ask the server for what: host names, token, origin of writes; and headers that limit what a page may do."""

import asyncio
import hmac
import ipaddress
import secrets
import socket
from collections.abc import Sequence
from hashlib import sha256
from html import escape
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIE = "artsim"
_FORM_BYTES = 4096
_DELAY = 0.5  # seconds before a wrong password is answered
_BODY_BYTES = 48 << 20  # of any request: a set of five million numbers
POLICY = "; ".join(
    [
        "default-src 'self'",
        "img-src 'self' blob: data:",
        "style-src 'self'",
        "script-src 'self'",
        "connect-src 'self'",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "form-action 'self'",
    ]
)
_HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
_OPEN = ("/static/style.css", "/static/icon.svg")  # what the login form needs
_FORM = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Log in</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="/static/style.css"></head>
<body><main class="login"><h1>Log in</h1>{problem}
<form method="post" action="/login"><input type="hidden" name="next" value="{next}">
<label>Password <input type="password" name="token" autofocus required autocomplete="current-password"></label>
<button>Log in</button></form></main></body></html>"""


def is_loopback(host: str) -> bool:
    """Whether only programs on this machine reach a server that listens on ``host``."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


class Safety:
    """ASGI middleware that lets only allowed requests through and adds safety headers to every answer.

    A request must have an allowed ``Host``: an IP address, localhost, this machine's name or one of ``hostnames``;
    otherwise a malicious site could point its own name at this server (DNS rebinding). With a ``token``, it needs the
    cookie of the login form or ``Authorization: Bearer``. A request that writes needs the same origin.
    """

    def __init__(self, app: ASGIApp, *, token: str | None, hostnames: Sequence[str] = ()) -> None:
        self._app = app
        self._token = token
        self._cookie = None if token is None else sha256(b"artsim cookie\0" + token.encode()).hexdigest()
        self._names = {"localhost", socket.gethostname().lower(), *(name.lower() for name in hostnames)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers the request or passes it on."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":  # there are no websockets
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers[name] = value
            await send(message)

        request = Request(scope, receive)
        refused = await self._refused(request)
        await (refused or self._app)(scope, receive, with_headers)

    async def _refused(self, request: Request) -> Response | None:
        """Returns the answer to a request that may not pass; None if it may."""
        host = request.headers.get("host", "")
        if not self._is_known(host):
            return _error(403, "this host name is not allowed; start the server with it as one of `hostnames`")
        if request.method not in ("GET", "HEAD", "OPTIONS", "POST"):
            return _error(405, "only GET and POST are supported")
        if request.method == "POST" and not _is_same_origin(request, host):
            return _error(403, "requests from other sites cannot write")
        length = request.headers.get("content-length", "")
        if request.method == "POST" and not (length.isascii() and length.isdigit()):
            return _error(411, "send the length of the body as Content-Length")
        if request.method == "POST" and int(length[:20]) > _BODY_BYTES:
            return _error(413, f"the body is too large; the limit is {_BODY_BYTES >> 20} MB")
        if self._token is None:
            return None
        if request.url.path == "/login":
            return await self._login(request)
        if request.url.path in _OPEN or self._is_authorized(request):
            return None
        if request.method == "GET" and "text/html" in request.headers.get("accept", ""):
            target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
            return _form(target)
        return _error(401, "log in first, or send the password as `Authorization: Bearer`")

    def _is_known(self, host: str) -> bool:
        try:
            name = (urlsplit(f"//{host}").hostname or "").lower()
        except ValueError:
            return False
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return name in self._names
        return True

    def _is_authorized(self, request: Request) -> bool:
        assert self._token is not None and self._cookie is not None
        kind, _, given = request.headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer" and _same(given, self._token):
            return True
        return _same(request.cookies.get(COOKIE, ""), self._cookie)

    async def _login(self, request: Request) -> Response:
        if request.method != "POST":
            return _form("/")
        body = b""
        async for chunk in request.stream():
            body += chunk
            if len(body) > _FORM_BYTES:
                return _error(413, "the form is too large")
        fields = parse_qs(body.decode("utf-8", "replace"))
        target = fields.get("next", ["/"])[0]
        assert self._token is not None and self._cookie is not None
        if not _same(fields.get("token", [""])[0], self._token):
            await asyncio.sleep(_DELAY)
            return _form(target, "<p role='alert'>This password is wrong.</p>", 403)
        safe = (
            target if target.startswith("/") and not target.startswith(("//", "/\\")) and target.isprintable() else "/"
        )
        answer = RedirectResponse(safe, 303)
        secure = request.url.scheme == "https"
        answer.set_cookie(COOKIE, self._cookie, httponly=True, samesite="strict", secure=secure, path="/")
        return answer


def _is_same_origin(request: Request, host: str) -> bool:
    """Whether a request that writes comes from the page itself, or from a program that sets a header of its own.

    Browsers add ``Origin`` to every POST; other sites cannot send a header of their own without asking first.
    """
    origin = request.headers.get("origin")
    if origin is not None:
        return urlsplit(origin).netloc.lower() == host.lower()
    return request.headers.get("sec-fetch-site") == "same-origin" or "x-artsim" in request.headers


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode(), wanted.encode())


def _error(status: int, message: str) -> Response:
    return JSONResponse({"error": message}, status)


def _form(target: str, problem: str = "", status: int = 401) -> Response:
    return HTMLResponse(_FORM.format(problem=problem, next=escape(target, quote=True)), status)


def new_token() -> str:
    """Returns a token that cannot be guessed."""
    return secrets.token_urlsafe(18)
