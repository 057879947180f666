"""The options of one scraper run; every worker gets the same."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from artsim.archive import UserError
from artsim.http.allowed_hosts import AllowedHosts
from artsim.http.user_agent import user_agent


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
