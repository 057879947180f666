"""Previews the first rows of a source as the catalog would store them, without writing anything."""

import json
from collections import Counter
from typing import Any

from artsim.archive import UserError
from artsim.archive.rejects import Reject
from artsim.sources.ingestion.file_roots import is_name
from artsim.sources.ingestion.validate import validated
from artsim.sources.records import Source, nothing_in

LEAST = 1000  # rows read from a table, so that its columns are classified as in a full run


def first_rows(source: Source, collection: str | None, count: int) -> dict[str, Any]:
    """Return the first ``count`` rows and rejects, the columns that they come from, and counts of all rows read.

    Raises ``UserError`` if ``collection`` is not a valid name, or if the source is empty.
    """
    collection = source.name if collection is None else collection
    if not is_name(collection):
        raise UserError(f"`as_` {collection}: invalid collection name; use only letters, digits, '-', '_' and '.'")
    rows: dict[str, dict[str, Any]] = {}
    rejects: list[Reject] = []
    for chunk in source.chunks([]):
        chunk = validated(chunk, collection, source.root)
        rejects += chunk.rejects
        for row in chunk.rows.to_pylist():
            where = row.pop("where")
            if row["id"] in rows:
                rejects.append(Reject.of(where, "an earlier row has the same id", row["id"]))
            rows.setdefault(row["id"], row)
        if len(rows) >= count or len(rows) + len(rejects) >= LEAST:
            break
    if not rows and not rejects:
        raise nothing_in(source)
    return {
        "rows_in": len(rows) + len(rejects),
        "rows_out": len(rows),
        "rows_failed": len(rejects),
        "failures": dict(Counter(reject.reason for reject in rejects).most_common()),
        "is_part": len(rows) + len(rejects) >= LEAST,
        "collection": collection,
        "location": source.location,
        "columns": source.columns.filled,
        "metadata": source.columns.left or _keys(list(rows.values())[:count]),
        "rows": list(rows.values())[:count],
        "rejects": [{"line": reject.line, "reason": reject.reason, "text": reject.text} for reject in rejects[:count]],
    }


def _keys(rows: list[dict[str, Any]]) -> list[str]:
    """Return the distinct keys in the metadata of rows."""
    return list(dict.fromkeys(key for row in rows if row["metadata"] for key in json.loads(row["metadata"])))
