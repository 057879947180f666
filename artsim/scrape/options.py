"""The options of one scraper run; every worker gets the same."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from artsim.errors import UserError
from artsim.http.user_agent import user_agent
from artsim.options import DataOptions, setting
from artsim.scrape.status import FAILURES


@dataclass(frozen=True, kw_only=True)
class ScrapeOptions(DataOptions):
    """Times are in seconds, sizes in bytes or pixels. ``started`` separates this run's rows from older ones.

    Raises ``UserError`` if a number is out of bounds, or a host in ``allow_host`` or the ``contact`` is invalid.
    """

    per_host: int = setting(2, "concurrent requests to a host, over all workers", least=1, metavar="N")
    delay: float = setting(0.0, "minimum seconds between two requests to a host", metavar="S")
    timeout: float = setting(60.0, "seconds for a whole request, including the body", least=0.001, metavar="S")
    retries: int = setting(3, "further attempts for an image after a failure that may be temporary", metavar="N")
    rest: float = setting(
        10.0,
        "seconds for which a host is left alone after five failures in a row (cooldown); doubled each time",
        metavar="S",
    )
    max_bytes: int = setting(20_000_000, "maximum bytes of an image, decompressed", least=1, metavar="N")
    max_pixels: int = setting(100_000_000, "maximum pixels of an image, width times height", least=1, metavar="N")
    resize: int | None = setting(
        None, "shrink larger images to this long side (default: store the original bytes)", least=1, metavar="PIXELS"
    )
    allow_host: tuple[str, ...] = setting((), "allow hosts with a private or local address", metavar="HOST[:PORT]")
    retry: tuple[str, ...] = setting((), "retry rows with this status: %(choices)s", choices=FAILURES, metavar="STATUS")
    refresh: bool = setting(
        False, "check whether stored images have changed; each is kept until its replacement is complete"
    )
    drop_removed: bool = setting(
        False,
        "with `refresh` or `retry`: delete stored images that their site has removed or now forbids (404, 410, "
        "robots.txt, opt-out); by default such rows are marked and keep their images",
    )
    limit: int | None = setting(None, "fetch at most N images", least=1, metavar="N")
    contact: str | None = setting(
        None,
        "your email or web address, sent to the sites in the User-Agent (default: the account that runs this)",
        metavar="MAIL|URL",
    )
    workers: int | None = setting(None, "worker processes (default: one for every two CPUs)", least=1, metavar="N")
    started: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __post_init__(self) -> None:
        super().__post_init__()
        from artsim.http.allowed_hosts import AllowedHosts  # imports pyarrow, which --help does not need

        if self.contact is not None:
            _ = self.user_agent
        if self.drop_removed and not (self.refresh or self.retry):
            raise UserError(
                "`drop_removed`: applies only to rows that are fetched again; add `refresh` or `retry` STATUS"
            )
        AllowedHosts(self.allow_host)

    @cached_property
    def user_agent(self) -> str:
        """The User-Agent of all workers. The machine that starts the run is part of it if there is no ``contact``."""
        agent = user_agent(self.contact)
        if not (agent.isascii() and agent.isprintable()):
            raise UserError("`contact`: must be an email or web address in printable ASCII characters")
        return agent

    def __getstate__(self) -> dict[str, Any]:
        _ = self.user_agent  # workers on other machines get this one
        return self.__dict__
