"""Rows get the right status, within limits of time and memory, however the server misbehaves."""

import asyncio
import gzip
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from tests.scrape.pictures import jpeg, kinds, png_header
from tests.scrape.site import Page, Site, Visit, answer, in_turn, page

GOOD = jpeg()
BIG = jpeg(640, 480)
OK = page(answer(200, GOOD))
MEMORY = 40_000_000  # bytes; here a body is at most one million


async def drip(visit: Visit, writer: asyncio.StreamWriter) -> None:
    writer.write(answer(200, b"", length=len(GOOD)))
    for byte in GOOD:
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(0.05)


async def drip_headers(visit: Visit, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    for number in range(1000):
        writer.write(f"X-{number}: y\r\n".encode())
        await asyncio.sleep(0.1)


async def endless(visit: Visit, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
    while True:
        writer.write(b"x" * 65536)
        await writer.drain()


async def endless_chunks(visit: Visit, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"10000\r\n" + b"x" * 65536 + b"\r\n")
        await writer.drain()


async def endless_continue(visit: Visit, writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        await writer.drain()
        await asyncio.sleep(0.001)


async def silence(visit: Visit, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(30)


async def reset(visit: Visit, writer: asyncio.StreamWriter) -> None:
    writer.write(answer(200, BIG[:1000], length=len(BIG)))
    await writer.drain()
    await asyncio.sleep(0.05)
    writer.transport.abort()


async def hang_up(visit: Visit, writer: asyncio.StreamWriter) -> None:
    writer.close()


async def gzip_bomb(visit: Visit, writer: asyncio.StreamWriter) -> None:
    writer.write(answer(200, BOMB, "Content-Encoding: gzip"))
    await writer.drain()


async def loop_with_numbers(visit: Visit, writer: asyncio.StreamWriter) -> None:
    number = int(visit.path.partition("?")[2] or 0)
    writer.write(answer(302, b"", f"Location: /x?{number + 1}"))


BOMB = gzip.compress(bytes(500_000_000), compresslevel=9)  # 500 MB in 0.5 MB


def to(location: str, status: int = 302) -> Page:
    return page(answer(status, b"", f"Location: {location}"))


@dataclass
class Case:
    """What the page ``/x`` does, and the expected row; ``status`` may list several, separated by ``or``."""

    page: Page
    status: str
    detail: str = ""
    asked: int | None = None  # expected number of requests


CASES = {
    "slow drip": Case(drip, "timeout", "limit `timeout`"),
    "headers drip": Case(drip_headers, "timeout"),
    "endless body": Case(endless, "too_large", "stopped after"),
    "endless chunks": Case(endless_chunks, "too_large", "limit `max_bytes`"),
    "endless 100 Continue": Case(endless_continue, "timeout"),
    "announces too much": Case(
        page(answer(200, GOOD, length=10**10)), "too_large", "Content-Length is 10,000,000,000", 1
    ),
    "length too long": Case(page(answer(200, GOOD, length=len(GOOD) + 9), close=True), "network", "ended early", 2),
    "length too short": Case(page(answer(200, BIG, length=len(BIG) // 2), close=True), "network or corrupt"),
    "gzip bomb": Case(gzip_bomb, "too_large", "stopped after", 1),
    "pixel bomb": Case(page(answer(200, png_header(60_000, 60_000))), "bomb", "60000 x 60000", 1),
    "truncated jpeg": Case(page(answer(200, BIG[:-3000])), "corrupt", "", 1),
    "truncated png": Case(page(answer(200, kinds()["transparent png"][0][:-300])), "corrupt"),
    "nothing in a png": Case(page(answer(200, png_header(600, 600))), "corrupt"),
    "a page for an image": Case(page(answer(200, b"<html>Moved!</html>", "Content-Type: image/jpeg")), "not_image"),
    "svg": Case(
        page(answer(200, b'<svg xmlns="http://www.w3.org/2000/svg"/>', "Content-Type: image/svg+xml")), "not_image"
    ),
    "wrong type": Case(page(answer(200, GOOD, "Content-Type: text/html")), "ok"),
    "no type": Case(OK, "ok"),
    "nothing": Case(page(answer(200, b"")), "not_image", "empty", 1),
    "no content": Case(page(b"HTTP/1.1 204 No Content\r\n\r\n"), "http", "204 No Content", 1),
    "not modified": Case(page(b"HTTP/1.1 304 Not Modified\r\n\r\n"), "http", "304", 1),
    "a part": Case(page(answer(206, GOOD)), "http", "206 Partial Content", 1),
    "not found": Case(page(answer(404, b"no")), "http", "404 Not Found", 1),
    "gone": Case(page(answer(410)), "http", "410 Gone", 1),
    "forbidden": Case(page(answer(403)), "http", "403 Forbidden", 1),
    "unknown status": Case(page(answer(599)), "http", "599", 2),
    "always 500": Case(page(answer(500)), "http", "500 Internal Server Error", 2),
    "503, then fine": Case(in_turn(page(answer(503)), OK), "ok", "", 2),
    "429, then fine": Case(in_turn(page(answer(429, b"", "Retry-After: 1")), OK), "ok", "", 2),
    "429 for a day": Case(page(answer(429, b"", "Retry-After: 86400")), "http", "a wait of 86,400 s", 1),
    "nonsense in Retry-After": Case(in_turn(page(answer(503, b"", "Retry-After: soon")), OK), "ok", "", 2),
    "reset in the middle": Case(reset, "network", "ended early", 2),
    "hangs up": Case(hang_up, "network"),
    "reset, then fine": Case(in_turn(reset, OK), "ok", "", 2),
    "never answers": Case(silence, "timeout", "received 0 bytes", 2),
    "redirect": Case(to("/good"), "ok", "", 1),
    "redirect to itself": Case(to("/x"), "redirect_loop", "lead back", 1),
    "redirects without end": Case(loop_with_numbers, "redirect_loop", "more than 5"),
    "redirect to nowhere": Case(page(answer(302)), "forbidden_address", "without a Location", 1),
    "redirect to a private address": Case(to("http://10.0.0.1/"), "forbidden_address", "10.0.0.1", 1),
    "redirect to the metadata service": Case(to("http://169.254.169.254/latest/"), "forbidden_address", "", 1),
    "redirect to another port here": Case(to("http://127.0.0.1:9/"), "forbidden_address", "", 1),
    "redirect to localhost": Case(to("http://localhost/"), "forbidden_address", "", 1),
    "redirect to a file": Case(to("file:///etc/passwd"), "forbidden_address", "not file", 1),
    "redirect with a password": Case(to("http://a:b@127.0.0.1/"), "forbidden_address", "password", 1),
    "opts out": Case(page(answer(200, GOOD, "X-Robots-Tag: noai")), "opt_out", "noai", 1),
    "opts out for images": Case(page(answer(200, GOOD, "X-Robots-Tag: noindex, NoImageAI")), "opt_out", "noimageai"),
    "opts out for us": Case(page(answer(200, GOOD, "X-Robots-Tag: artsim: noai")), "opt_out", "noai", 1),
    "opts out for others": Case(page(answer(200, GOOD, "X-Robots-Tag: otherbot: noai")), "ok"),
    "a huge header": Case(page(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 1_000_000 + b"\r\n\r\n", close=True), "network"),
    "a flood of headers": Case(page(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 100_000 + b"\r\n", close=True), "network"),
    "garbage for chunks": Case(page(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n" + GOOD), "network"),
    "broken chunks": Case(
        page(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nabc", close=True), "network"
    ),
    "gzip that is none": Case(page(answer(200, GOOD, "Content-Encoding: gzip")), "corrupt", "decompressed"),
    "gzip that breaks off": Case(page(answer(200, gzip.compress(BIG)[:-2000], "Content-Encoding: gzip")), "corrupt"),
    "gzip": Case(page(answer(200, gzip.compress(GOOD), "Content-Encoding: gzip")), "ok"),
    "an encoding nobody knows": Case(page(answer(200, GOOD, "Content-Encoding: rot13")), "ok"),
    "another protocol": Case(page(b"SSH-2.0-OpenSSH_9.6\r\n", close=True), "network"),
    "bytes for headers": Case(page(b"HTTP/1.1 200 OK\r\n\xff\xfe\0: \x01\r\n\r\n" + GOOD, close=True), "network"),
    "a validator that is no text": Case(page(answer(200, GOOD).replace(b"\r\n", b"\r\nETag: \xff\xfe\r\n", 1)), "ok"),
    "redirect to no text": Case(
        page(answer(302).replace(b"\r\n", b"\r\nLocation: gopher:\xff\xfe\n\r\n", 1)), "forbidden_address or network"
    ),
    "redirect far away": Case(to("/" + "x" * 7000), "http", "404"),
    "two lengths": Case(page(answer(200, GOOD, "Content-Length: 5")), "network"),
    "a negative length": Case(page(answer(200, GOOD, length=-1)), "network"),
}


ABSURD = {
    "a date beyond all numbers": "Mon, 01 Jan 99999999999999999999 00:00:00 GMT",
    "the last of all dates": "Fri, 31 Dec 9999 23:59:59 GMT",
    "a date that no calendar has": "Mon, 99 Jan 2030 99:99:99 GMT",
    "a date in no time zone": "Fri, 31 Dec 9999 23:59:59 -2359",
    "the past": "Wed, 21 Oct 2015 07:28:00 GMT",
    "less than nothing": "-5",
    "a number beyond all numbers": "1e400",
    "digits without end": "9" * 5000,
    "no number": "nan",
    "a comma": ",",
}
CASES |= {
    f"Retry-After is {name}": Case(in_turn(page(answer(503, b"", f"Retry-After: {value}")), OK), "ok", "", 2)
    for name, value in ABSURD.items()
}

SLOW = {"slow drip", "headers drip", "endless 100 Continue", "never answers"}


@pytest.mark.parametrize("name", [pytest.param(name, marks=[pytest.mark.slow] * (name in SLOW)) for name in CASES])
@pytest.mark.timeout(60)  # no case waits for its page to end: some never do
def test_misbehavior(name: str, site: Site, scrape_url: Callable[..., dict[str, Any]]) -> None:
    case = CASES[name]
    site.pages |= {"/x": case.page, "/good": OK}
    tracemalloc.start()
    row = scrape_url(f"{site.url}/x")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert row["status"] in case.status.split(" or "), row["detail"]
    assert case.detail in (row["detail"] or "")
    assert (row["detail"] is None) == (case.status == "ok")
    assert (row["bytes"] is None) == (case.status != "ok")
    assert case.asked in (None, len(site.visits_to("/x")))
    assert peak < MEMORY
