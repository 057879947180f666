"""Lines of a file of annotations or links that can't be taken, kept in the archive: line, reason, text."""

import csv
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from artsim.archive import Store
from artsim.sources.record import Reject


def keep_rejects(store: Store, rejects: Sequence[Reject]) -> dict[str, Any]:
    """Writes ``reports/annotations/<utc>-rejected.csv`` if there is a reject; their share of the run's report.

    A reason is counted by what stands before its colon.
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
