"""Rejected rows and lines: written to a CSV file in the archive, with line, reason and text."""

import contextlib
import csv
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from artsim.archive.store import Store

_TEXT = 500  # characters kept of a rejected row
_FORMULA = tuple("=+-@＝＋－＠")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that is not added to a table.

    ``line`` is its place in the source: a line number, a file or a URL. ``reason`` is one of a few texts, so that
    rejects can be counted by reason. ``text`` is the content of the row.
    """

    line: str
    reason: str
    text: str

    @classmethod
    def of(cls, line: object, reason: str, text: object) -> "Reject":
        """Create a reject; a long text is cut."""
        return cls(clean(str(line)), reason, clean(str(text))[:_TEXT])


class Rejects(contextlib.AbstractContextManager["Rejects"]):
    """The file ``reports/<job>/<utc>-rejected.csv``, started with the first reject and in place after a clean exit.

    ``path`` is its path in the archive, None if nothing was rejected; ``reasons`` counts the rejects by reason.
    """

    def __init__(self, store: Store, job: str) -> None:
        self._folder = f"reports/{job}"
        self._store = store
        self._open = contextlib.ExitStack()
        self._writer: Any = None
        self.path: str | None = None
        self.reasons: Counter[str] = Counter()

    @property
    def count(self) -> int:
        """The number of rejected rows."""
        return self.reasons.total()

    def write(self, rejects: Iterable[Reject]) -> None:
        """Add rejects to the file."""
        for reject in rejects:
            if self._writer is None:
                self._begin()
            self.reasons[reject.reason] += 1
            self._writer.writerow(map(safe_cell, (reject.line, reject.reason, reject.text)))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.__exit__(kind, error, trace)

    def _begin(self) -> None:
        self.path = f"{self._folder}/{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}-rejected.csv"
        draft = Path(self._open.enter_context(self._store.replace(self.path)))
        file = self._open.enter_context(draft.open("w", newline="", encoding="utf-8"))
        self._writer = csv.writer(file)
        self._writer.writerow(("line", "reason", "text"))


def safe_cell(text: str) -> str:
    """Escape a cell of a CSV file so that spreadsheets never run it.

    Text that begins like a formula gets a leading apostrophe; control characters are replaced.
    """
    text = _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)
    return f"'{text}" if text.lstrip().startswith(_FORMULA) else text


def keep_rejects(store: Store, job: str, rejects: Iterable[Reject]) -> dict[str, Any]:
    """Writes all rejects of a run, if any; returns their part of the run's report.

    Reasons are counted by the part before the colon.
    """
    with Rejects(store, job) as file:
        file.write(rejects)
    reasons = Counter[str]()
    for reason, count in file.reasons.items():
        reasons[reason.split(":")[0]] += count
    failures = dict(reasons.most_common())
    return {
        "rows_failed": file.count,
        "failures": failures,
        "rejected": failures,
        "rejects": file.path and store.address(file.path),
    }


def clean(text: str) -> str:
    """Return a text on one line: white space collapsed, lone surrogates replaced."""
    return " ".join(text.encode("utf-8", "replace").decode().split())
