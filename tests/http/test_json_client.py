"""Requests to museum servers: retries, pauses between requests, and blocked addresses."""

import gzip
import socket
import threading
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from artsim.archive import UserError
from artsim.http import json_client, requests_guard
from artsim.http.json_client import Unreachable, Web
from tests.sources.server import Museum


def test_requests_have_a_user_agent(museum: Museum, naps: list[float]) -> None:
    museum.answer = lambda path, params: {"é": params}
    assert Web("curator@m.org", [], museum.url).json(f"{museum.url}/x?a=1", {"b": "ü"}) == {"é": {"a": "1", "b": "ü"}}
    assert museum.agents[0].startswith("artsim/") and "curator@m.org" in museum.agents[0]


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_busy_server_is_retried_and_retry_after_is_respected(museum: Museum, naps: list[float], status: int) -> None:
    museum.answer = lambda path, params: (status, {"Retry-After": "7"}, b"") if len(museum.asked) < 3 else {"ok": True}
    assert Web(None, [], museum.url).json(museum.url) == {"ok": True}
    assert len(museum.asked) == 3 and [nap for nap in naps if nap > 1] == [7.0, 7.0]


def test_retry_delays_grow_and_end(museum: Museum, naps: list[float]) -> None:
    museum.answer = lambda path, params: (503, {}, b"")
    with pytest.raises(Unreachable, match="HTTP 503") as caught:
        Web(None, [], museum.url).json(museum.url)
    assert caught.value.server and len(museum.asked) == json_client._MAX_ATTEMPTS
    long = [nap for nap in naps if nap > json_client._MIN_INTERVAL]
    assert len(long) == json_client._MAX_ATTEMPTS - 1 and all(
        0.5 * 2**n <= nap <= 1.5 * 2**n for n, nap in enumerate(long)
    )


def test_retry_after_accepts_dates_and_is_limited(museum: Museum, naps: list[float]) -> None:
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    museum.answer = lambda path, params: (503, {"Retry-After": soon}, b"") if len(museum.asked) < 2 else []
    assert Web(None, [], museum.url).json(museum.url) == []
    assert 25 < max(naps) <= 30
    museum.answer = lambda path, params: (503, {"Retry-After": "86400"}, b"")
    with pytest.raises(Unreachable):
        Web(None, [], museum.url).json(museum.url)
    assert max(naps) <= 30


@pytest.mark.parametrize(
    "asked",
    [
        "Mon, 01 Jan 99999999999999999999 00:00:00 GMT",
        "Fri, 31 Dec 9999 23:59:59 GMT",
        "Wed, 21 Oct 2015 07:28:00",
        "-5",
        "1e400",
        "9" * 5000,
        "nan",
        ",",
    ],
)
def test_an_invalid_retry_after_is_ignored(asked: str, museum: Museum, naps: list[float]) -> None:
    museum.answer = lambda path, params: (503, {"Retry-After": asked}, b"") if len(museum.asked) < 2 else {"ok": 1}
    assert Web(None, [], museum.url).json(museum.url) == {"ok": 1}
    assert max(naps) < 10


def test_requests_are_spaced(museum: Museum, naps: list[float]) -> None:
    museum.answer = lambda path, params: {}
    web = Web(None, [], museum.url)
    for _ in range(3):
        web.json(museum.url)
    assert [round(nap, 1) for nap in naps] == [0.0, json_client._MIN_INTERVAL, json_client._MIN_INTERVAL]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ((404, {}, b""), "HTTP 404"),
        ((200, {}, b"<html>"), "the response is not JSON"),
        ((200, {}, b"[" * 200_000), "the response is not JSON"),
        ((302, {"Location": "/again"}, b""), "invalid address or too many redirects"),
        ((302, {"Location": "ftp://m.org/"}, b""), "neither http nor https"),
        ((302, {"Location": "file:///etc/passwd"}, b""), "neither http nor https"),
        ((302, {"Location": "http://127.0.0.1:1/"}, b""), "address is not public; allow the host with `allow_host`"),
        (
            (302, {"Location": "http://169.254.169.254/latest"}, b""),
            "address is not public; allow the host with `allow_host`",
        ),
        ((302, {"Location": "http://[::1]/"}, b""), "address is not public; allow the host with `allow_host`"),
        (
            (302, {"Location": "http://localhost:22/"}, b""),
            "address is not public; allow the host with `allow_host`",
        ),
        ((302, {"Location": "http://2130706433/"}, b""), "address is not public; allow the host with `allow_host`"),
    ],
)
def test_permanent_errors_are_not_retried(museum: Museum, naps: list[float], answer: tuple, reason: str) -> None:
    museum.answer = lambda path, params: answer
    with pytest.raises(Unreachable) as caught:
        Web(None, [], museum.url).json(museum.url)
    assert caught.value.reason == reason and not caught.value.server
    assert len(museum.asked) <= json_client._REDIRECTS + 1


def test_response_size_and_time_are_limited(museum: Museum, naps: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_client, "_MAX_BYTES", 1 << 20)
    web = Web(None, [], museum.url)
    for body, headers in (
        (b'"' + b"x" * (2 << 20) + b'"', {}),
        (gzip.compress(b" " * (50 << 20)), {"Content-Encoding": "gzip"}),
    ):
        museum.answer = lambda path, params, body=body, headers=headers: (200, headers, body)
        with pytest.raises(Unreachable, match="larger than"):
            web.json(museum.url)
    monkeypatch.setattr(json_client, "_MAX_SECONDS", -1.0)
    museum.answer = lambda path, params: [1]
    with pytest.raises(Unreachable, match="takes too long"):
        web.json(museum.url)


def test_a_truncated_response_is_retried(museum: Museum, naps: list[float]) -> None:
    museum.answer = lambda path, params: (
        (200, {"Content-Length": "100", "Connection": "close"}, b"[1") if len(museum.asked) == 1 else [1]
    )
    assert Web(None, [], museum.url).json(museum.url) == [1]


def test_an_unreachable_server_is_reported(naps: list[float]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/"
    with pytest.raises(Unreachable, match="no connection") as caught:
        Web(None, [], url).json(url)
    assert caught.value.server


def test_other_hosts_must_be_allowed(museum: Museum, naps: list[float]) -> None:
    museum.answer = lambda path, params: {}
    with pytest.raises(Unreachable, match="not public"):
        Web(None, [], "https://museum.org/").json(museum.url)
    assert Web(None, [museum.host], "https://museum.org/").json(museum.url) == {}
    with pytest.raises(Unreachable, match="not public"):
        Web(None, ["127.0.0.1:1"], None).json(museum.url)
    assert len(museum.asked) == 1


def test_addresses_are_checked_when_connecting(
    museum: Museum, naps: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter(["8.8.8.8", "127.0.0.1"])

    def resolve(host: str, port: int, **_: object) -> list:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), port))]

    connected: list[tuple[str, int]] = []

    def connect(place: tuple[str, int], *_: object) -> socket.socket:
        connected.append(place)
        raise ConnectionRefusedError

    monkeypatch.setattr(requests_guard.socket, "getaddrinfo", resolve)
    monkeypatch.setattr(requests_guard.socket, "create_connection", connect)
    with pytest.raises(Unreachable, match="not public"):
        Web(None, [], None).json("http://rebinding.example/")
    assert connected == [("8.8.8.8", 80)]  # connects only to the address that was checked


def test_a_slow_response_times_out(naps: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_client, "_MAX_SECONDS", 0.3)
    monkeypatch.setattr(json_client, "_MAX_ATTEMPTS", 1)
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip() -> None:
            connection, _ = server.accept()
            connection.recv(4096)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
            while not stop.wait(0.05):
                try:
                    connection.sendall(b" ")
                except OSError:
                    return

        threading.Thread(target=drip, daemon=True).start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"
        with pytest.raises(Unreachable, match="too long"):
            Web(None, [], url).json(url)
        stop.set()


@pytest.mark.parametrize("location", ["http://", "http://u:p@m.org/", "http://m.org:99999/"])
def test_a_location_must_be_an_address(location: str) -> None:
    with pytest.raises(UserError, match="`location`"):
        Web(None, [], location)
