"""Stats of a task, a round or a whole run."""

import logging
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from artsim import runtime

if TYPE_CHECKING:
    from artsim.scrape.fetcher import RowResult


_log = logging.getLogger(__name__)


def _counter() -> Counter[str]:
    return Counter()


@dataclass
class Stats:
    """Counts of rows by status and by host, nanoseconds by phase, and deferred rows.

    ``plain`` counts ``bytes`` of images, ``kept`` rows (a refresh left their image as it was) and ``deferred`` rows;
    ``attempts`` holds the attempts of each deferred row. ``failures`` counts this run's failed fetches by reason, also
    those of rows that keep an image and its status. Of the failed rows that had an image, ``removed`` counts those
    whose site removed it, ``unrefreshed`` the others. ``tracebacks`` counts the errors in artsim itself.
    """

    statuses: Counter[str] = field(default_factory=_counter)
    hosts: Counter[str] = field(default_factory=_counter)
    failed: Counter[str] = field(default_factory=_counter)
    spent: Counter[str] = field(default_factory=_counter)
    plain: Counter[str] = field(default_factory=_counter)
    attempts: Counter[str] = field(default_factory=_counter)
    failures: Counter[str] = field(default_factory=_counter)
    unrefreshed: Counter[str] = field(default_factory=_counter)
    removed: Counter[str] = field(default_factory=_counter)
    tracebacks: Counter[str] = field(default_factory=_counter)

    @property
    def rows(self) -> int:
        """The number of finished rows."""
        return self.statuses.total()

    def count(self, result: "RowResult") -> None:
        """Counts one finished row."""
        self.statuses[result.columns["status"]] += 1
        self.hosts[result.host] += 1
        reason = result.outcome.status
        if reason != "ok":
            self.failed[result.host] += 1
            self.failures[reason] += 1
            if result.outcome.traceback:
                self.tracebacks[result.outcome.traceback] += 1
            if result.stored:
                (self.removed if result.outcome.removed else self.unrefreshed)[reason] += 1
        self.plain["kept"] += result.kept
        self.plain["bytes"] += len(result.columns.get("bytes") or b"")
        self.spent.update(result.spent)

    def add(self, other: "Stats") -> None:
        """Adds the counts of ``other``."""
        for name, counter in vars(other).items():
            getattr(self, name).update(counter)

    def publish(self) -> None:
        """Adds the rows to the cluster's counters, and tracebacks to the log."""
        for traceback, rows in self.tracebacks.items():
            _log.debug("%d rows failed because of an error in artsim:\n%s", rows, traceback)
        for status, rows in self.statuses.items():
            runtime.count("images_scraped", "finished rows of the images table, by status", rows, status=status)
        for host, rows in self.hosts.items():
            runtime.count("images_of_host", "finished rows, by host", rows, host=host)
            runtime.count("images_failed_of_host", "failed rows, by host", self.failed[host], host=host)

    def finished_counts(self) -> dict[str, Any]:
        """Returns the counts of finished rows, without deferred ones, as dicts that ``from_counts`` reads."""
        counts = {name: dict(counter) for name, counter in vars(self).items()}
        return {**counts, "attempts": {}, "plain": {**counts["plain"], "deferred": 0}}

    @classmethod
    def from_counts(cls, counts: dict[str, Any]) -> "Stats":
        """Makes stats from a dict of each counter; ignores other keys."""
        return cls(**{name: Counter(counts.get(name, {})) for name in cls.__dataclass_fields__})

    def report(self, seconds: float) -> dict[str, Any]:
        """Returns counts, the rate over ``seconds``, and the 20 hosts with most failures, for a job's report."""
        worst = sorted(self.hosts, key=lambda host: (-self.failed[host], -self.hosts[host], host))[:20]
        failed = self.failures.total()
        return {
            "rows_in": self.rows,
            "rows_out": self.rows - failed,
            "rows_failed": failed,
            "failures": dict(self.failures.most_common()),
            "statuses": dict(self.statuses.most_common()),
            "rows_kept": self.plain["kept"],
            "refresh_failed": dict(self.unrefreshed.most_common()),
            "removed": dict(self.removed.most_common()),
            "hosts": {host: {"rows": self.hosts[host], "failed": self.failed[host]} for host in worst},
            "bytes": self.plain["bytes"],
            "images_per_second": round((self.rows - failed) / seconds, 1) if seconds else 0.0,
            "row_seconds": {name: round(spent / 1e9, 1) for name, spent in self.spent.most_common()},
        }
