"""Formats the preview of a catalog as text for a terminal."""

import shutil
from collections.abc import Mapping
from typing import Any

from artsim.summary import failed_line, printable

_NOT_SHOWN = ("id", "source")  # the headline of each row has both


def preview_text(report: Mapping[str, Any]) -> str:
    """Returns the column mapping, the first rows with one value per line, and the rows that would be rejected."""
    width = max(40, shutil.get_terminal_size((100, 40)).columns - 1)
    rows, rejects = report["rows"], report["rejects"]
    lines = []
    if failures := failed_line(report):
        lines.append(f"! {failures}")
    if report["columns"]:
        lines += ["", "columns:", *(f"  {name:<12} {column}" for name, column in report["columns"].items())]
    if report["metadata"]:
        lines += ["left in metadata: " + ", ".join(report["metadata"])]
    for row in rows:
        lines += ["", str(row["id"])]
        lines += [
            f"  {name:<12} {value}" for name, value in row.items() if name not in _NOT_SHOWN and value is not None
        ]
    if rejects:
        lines += ["", "rejected:", *(f"  {reject['line']}: {reject['reason']}: {reject['text']}" for reject in rejects)]
    shown = [printable(line, None if line.startswith(("!", "left")) else width) for line in lines]
    return "\n".join([printable(f"first rows of {report['location']}; nothing was written"), *shown])
