"""Stores the rejected lines of an annotation or link file in the archive: line number, reason, text."""

import csv
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from artsim.archive import Store
from artsim.sources.records import Reject


def keep_rejects(store: Store, rejects: Sequence[Reject]) -> dict[str, Any]:
    """Writes ``reports/annotations/<utc>-rejected.csv`` if there are rejects; returns their part of the run's report.

    Reasons are counted by the part before the colon.
    """
    reasons = Counter(reject.reason.split(":")[0] for reject in rejects)
    path = None
    if rejects:
        path = f"reports/annotations/{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}-rejected.csv"
        with store.replace(path) as draft, Path(draft).open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(("line", "reason", "text"))
            writer.writerows((reject.line, reject.reason, reject.text) for reject in rejects)
    return {
        "rows_failed": len(rejects),
        "failures": dict(reasons.most_common()),
        "rejected": dict(reasons.most_common()),
        "rejects": path and store.address(path),
    }
