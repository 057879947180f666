"""Writes rejected rows to a CSV file in the archive: line, reason, text."""

import contextlib
import csv
import re
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from artsim.archive import Store
from artsim.sources.records import Reject

_FORMULA = tuple("=+-@＝＋－＠")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


class Rejects(contextlib.AbstractContextManager["Rejects"]):
    """The file ``reports/catalog/<utc>-rejected.csv``, started with the first reject and in place after a clean exit.

    ``path`` is its path in the archive, None if nothing was rejected; ``reasons`` counts the rejects by reason.
    """

    def __init__(self, store: Store) -> None:
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
            self._writer.writerow(map(_quoted, (reject.line, reject.reason, reject.text)))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.__exit__(kind, error, trace)

    def _begin(self) -> None:
        self.path = f"reports/catalog/{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}-rejected.csv"
        draft = Path(self._open.enter_context(self._store.replace(self.path)))
        file = self._open.enter_context(draft.open("w", newline="", encoding="utf-8"))
        self._writer = csv.writer(file)
        self._writer.writerow(("line", "reason", "text"))


def _quoted(text: str) -> str:
    """Escape a cell so that spreadsheets never run it: text that begins like a formula gets a leading apostrophe."""
    text = _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)
    return f"'{text}" if text.lstrip().startswith(_FORMULA) else text
