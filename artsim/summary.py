"""Formats a report as short text for a terminal, and makes text from outside safe to print."""

import unicodedata
from collections.abc import Mapping
from typing import Any

_CELL = 60  # characters of a table cell
_ROWS = 40  # rows of a table
_LINES = 12  # lines of a list
_FRAME = ("job", "seconds", "rows_in", "rows_out", "rows_failed", "rows_there", "failures", "seed", "options")
_HIDDEN = {*_FRAME, "versions", "report", "steps", "worker_seconds", "row_seconds", "operators"}
_HIDDEN_IF_ZERO = {"rows_updated", "images_moved", "rows_kept", "rows_of_others", "larger_than_resize"}
_UNSAFE = ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")  # control, format (right-to-left overrides), surrogates, line breaks


def printable(text: str, limit: int | None = None) -> str:
    """Returns the text on one line, with control and format characters escaped, cut to ``limit`` characters."""
    if limit is not None and len(text) > limit:
        text = text[: limit - 1] + "…"
    return "".join(_escaped(c) if unicodedata.category(c) in _UNSAFE else c for c in text)


def failed_line(report: Mapping[str, Any]) -> str | None:
    """``3 of 120 rows failed: 2 http, 1 corrupt``; None if no row failed. Says so if not all rows were read."""
    failed = int(report.get("rows_failed") or 0)
    if not failed:
        return None
    rows = max(int(report.get("rows_in") or 0), failed)
    reasons = report.get("failures") or report.get("rejected")
    counts = ", ".join(f"{count:,} {reason}" for reason, count in reasons.items()) if isinstance(reasons, dict) else ""
    of = "the first " if report.get("is_part") else ""
    return printable(f"{failed:,} of {of}{rows:,} rows failed{': ' if counts else ''}{counts}", 1000)


def all_failed(report: Mapping[str, Any]) -> bool:
    """Whether rows failed and none succeeded, in this run or an earlier one that the report counts."""
    return bool(report.get("rows_failed")) and not report.get("rows_out") and not report.get("rows_there")


def summary(report: Mapping[str, Any]) -> str:
    """Returns a few lines: what was done, what failed, tables of results, where the files are.

    Counts of what rarely happens are left out if they are zero; the stored report has them.
    """
    lines = [_headline(report)]
    if failures := failed_line(report):
        lines.append(f"! {failures}")
    lines += [f"  {_headline(step)}" for step in report.get("steps", ())]
    for name, value in report.items():
        if name not in _HIDDEN and value not in (None, [], {}, "") and (value or name not in _HIDDEN_IF_ZERO):
            lines += _shown(name, value)
    if report.get("report"):
        lines.append(f"report: {printable(str(report['report']))}")
    return "\n".join(lines)


def _escaped(character: str) -> str:
    return " " if character in "\n\r\t" else character.encode("unicode_escape", "surrogatepass").decode()


def _headline(report: Mapping[str, Any]) -> str:
    parts = [f"{int(report.get('rows_in') or 0):,} rows in, {int(report.get('rows_out') or 0):,} out"]
    if report.get("rows_there"):
        parts.append(f"{report['rows_there']:,} already there")
    if report.get("seconds") is not None:
        parts.append(f"{report['seconds']:.1f} s")
    return f"{printable(str(report.get('job', '')))}: {', '.join(parts)}"


def _shown(name: str, value: Any) -> list[str]:
    label = printable(name.replace("_", " "))
    if isinstance(value, dict):
        flat = {key: cell for key, cell in value.items() if not isinstance(cell, dict | list)}
        return (
            [f"{label}: " + printable(", ".join(f"{key} {_cell(cell)}" for key, cell in flat.items()))] if flat else []
        )
    if isinstance(value, list):
        if all(isinstance(item, dict) for item in value):
            return [f"{label}:", *_table([row for item in value for row in _flattened(item)])]
        rows = [f"  {printable(str(item))}" for item in value[:_LINES]]
        return [f"{label}:", *rows, *([f"  ... and {len(value) - _LINES:,} more"] if len(value) > _LINES else [])]
    return [f"{label}: {_cell(value, None)}"]


def _flattened(row: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A query with its list of neighbors becomes one row per neighbor; other nested values are left out."""
    row = {key: _score(value) if _is_score(value) else value for key, value in row.items()}
    flat = {key: value for key, value in row.items() if not isinstance(value, dict | list)}
    nested = [value for value in row.values() if isinstance(value, list) and value and isinstance(value[0], dict)]
    if len(nested) != 1:
        return [flat]
    return [
        {**flat, **{key: value for key, value in inner.items() if not isinstance(value, dict | list)}}
        for inner in nested[0]
    ]


def _is_score(value: Any) -> bool:
    return isinstance(value, dict) and {"value", "n", "low", "high"} <= value.keys()


def _score(score: Mapping[str, Any]) -> str:
    """Formats a score, or a difference with its p, of ``artsim.metrics.interval``; a value that is not finite is ``-``.

    ``2.18 [2.05, 2.31] n=199`` and ``+0.21 [+0.02, +0.40] p=0.031``.
    """
    style = "+.2f" if "p" in score else ".2f"
    value, low, high = ("-" if score[key] is None else f"{score[key]:{style}}" for key in ("value", "low", "high"))
    return f"{value} [{low}, {high}] " + (f"p={score['p']:.3f}" if "p" in score else f"n={score['n']}")


def _table(rows: list[dict[str, Any]]) -> list[str]:
    columns = list(dict.fromkeys(key for row in sorted(rows, key=len, reverse=True) for key in row))
    cells = [
        [_cell(column) for column in columns],
        *([_cell(row.get(column)) for column in columns] for row in rows[:_ROWS]),
    ]
    widths = [max(len(row[index]) for row in cells) for index in range(len(columns))]
    lines = [
        "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells
    ]
    return [*lines, *([f"  ... and {len(rows) - _ROWS:,} more"] if len(rows) > _ROWS else [])]


def _cell(value: Any, limit: int | None = _CELL) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4g}"
    return printable(f"{value:,}" if type(value) is int and abs(value) >= 10_000 else str(value), limit)
