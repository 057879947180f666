"""The options of one scraper run; every worker gets the same."""

import getpass
import os
import socket
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version

from artsim.archive import UserError
from artsim.http.allowed_hosts import AllowedHosts

AGENT = "artsim"  # our name in robots.txt and X-Robots-Tag


def user_agent(contact: str | None = None) -> str:
    """Returns the User-Agent. ``contact`` is a page or a mail address; by default, the account that runs this."""
    try:
        release = version(AGENT)
    except PackageNotFoundError:  # run from a checkout that is not installed
        release = "0"
    return f"{AGENT}/{release} (+{contact or f'{_account()}@{socket.getfqdn()}'})"


def _account() -> str:
    """Returns the name of the account that runs this, or its number if it has no name, as in many containers."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid-{os.getuid()}"


@dataclass(frozen=True)
class Options:
    """Times are in seconds, sizes in bytes or pixels. ``started`` separates this run's rows from older ones.

    Raises ``UserError`` if a number is out of bounds, or a host in ``allow_hosts`` or the ``user_agent`` is invalid.
    """

    per_host: int = 2
    delay: float = 0.0
    timeout: float = 60.0
    retries: int = 3
    rest: float = 10.0
    max_bytes: int = 20_000_000
    max_pixels: int = 100_000_000
    resize: int | None = None
    allow_hosts: tuple[str, ...] = ()
    user_agent: str = field(default_factory=user_agent)
    public_only: bool = False
    retry: tuple[str, ...] = ()
    refresh: bool = False
    drop_removed: bool = False
    limit: int | None = None
    workers: int | None = None
    started: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __post_init__(self) -> None:
        least = {"per_host": 1, "delay": 0, "timeout": 0.001, "retries": 0, "rest": 0, "max_bytes": 1, "max_pixels": 1}
        for name, bound in {**least, "resize": 1, "limit": 1, "workers": 1}.items():
            value = getattr(self, name)
            if value is not None and not bound <= value < float("inf"):
                raise UserError(f"--{name.replace('_', '-')} {value}: must be {bound} or more")
        if not (self.user_agent.isascii() and self.user_agent.isprintable()):
            raise UserError("--contact: must be an email or web address in printable ASCII characters")
        if self.drop_removed and not (self.refresh or self.retry):
            raise UserError(
                "--drop-removed: applies only to rows that are fetched again; add --refresh or --retry STATUS"
            )
        AllowedHosts(self.allow_hosts)
