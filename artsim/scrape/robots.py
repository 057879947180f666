"""Parses the rules of sites for robots: robots.txt (RFC 9309), crawl-delay, and opt-outs by X-Robots-Tag."""

import codecs
import math
from collections.abc import Iterable
from dataclasses import dataclass

from protego import Protego

from artsim.http.user_agent import AGENT
from artsim.scrape.status import FetchStatus

MAX_ROBOTS_BYTES = 512_000  # RFC 9309, section 2.5: at least 500 KiB are read, the rest may be ignored
LONGEST_DELAY = 600.0  # seconds between two requests; a site that asks for more is not fetched
_LATIN_1_BYTE_ORDER_MARK = "\xef\xbb\xbf"
_OPT_OUT = frozenset({"noai", "noimageai"})
_DIRECTIVES_WITH_VALUES = frozenset({"unavailable_after", "max-snippet", "max-image-preview", "max-video-preview"})


@dataclass(frozen=True)
class Robots:
    """A site's robots.txt, or why it could not be read; ``permanent`` if another attempt would not help."""

    text: str = ""
    delay: float = 0.0
    failure: FetchStatus | None = None
    permanent: bool = True

    @classmethod
    def read(cls, text: str) -> "Robots":
        """Parses a file's text, with the crawl-delay or request-rate for ``AGENT`` as seconds between two requests.

        A delay of more than ``LONGEST_DELAY`` is a refusal.
        """
        rules = Protego.parse(text)
        delay, rate = rules.crawl_delay(AGENT) or 0.0, rules.request_rate(AGENT)
        if rate and rate.requests:
            delay = max(delay, _ratio(rate.seconds, rate.requests))
        if delay > LONGEST_DELAY:
            return cls(failure=FetchStatus("robots", f"robots.txt asks for {delay:,.0f} s between two requests"))
        return cls(text, max(delay, 0.0))

    def rules(self) -> Protego:
        """Returns the rules. Parses the text at every call, so keep the result."""
        return Protego.parse(self.text)


def as_text(body: bytes) -> str:
    """Decodes a robots.txt: UTF-8, or UTF-16 with a byte order mark. Removes all byte order marks.

    A mark would invalidate its line: the first one, or one in the middle of a file that was joined from several.
    """
    is_utf16 = body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    text = body.decode("utf-16" if is_utf16 else "utf-8", "replace")
    return text.replace("\ufeff", "").removeprefix(_LATIN_1_BYTE_ORDER_MARK)


def _ratio(seconds: int, requests: int) -> float:
    try:
        return seconds / requests
    except OverflowError:
        return math.inf


def opted_out(tags: Iterable[str]) -> str | None:
    """Returns the directive by which X-Robots-Tag headers forbid this use (``noai``, ``noimageai``), or None.

    ``name: directive, ...`` addresses one robot, until another name follows. Directives for other robots are ignored.
    """
    for tag in tags:
        applies = True
        for directive_text in tag.lower().split(","):
            name, separator, directive = (task.strip() for task in directive_text.partition(":"))
            if separator and name not in _DIRECTIVES_WITH_VALUES:
                applies = name == AGENT
            else:
                directive = name
            if applies and directive in _OPT_OUT:
                return directive
    return None
