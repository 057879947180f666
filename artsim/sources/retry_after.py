"""Reads the Retry-After header, which servers fill with anything."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_CREDIBLE = 10 * 366 * 24 * 3600.0  # seconds; nobody means a wait of more than ten years


def seconds_to_wait(header: str | None) -> float | None:
    """Seconds that a Retry-After header asks to wait, given as a number or as a date.

    None where it says nothing that can be meant: no number, no date, less than nothing, more than ten years.
    """
    text = (header or "").strip()
    seconds = _until(text) if _seconds(text) is None else _seconds(text)
    return seconds if seconds is not None and 0 <= seconds <= _CREDIBLE else None


def _seconds(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _until(text: str) -> float | None:
    try:
        date = parsedate_to_datetime(text)
        return max((date.replace(tzinfo=date.tzinfo or UTC) - datetime.now(UTC)).total_seconds(), 0.0)
    except (ValueError, TypeError, OverflowError, IndexError):  # the parser of dates knows no error of its own
        return None
