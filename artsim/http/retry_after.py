"""Parses the Retry-After header and tolerates invalid values."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_MAX_CREDIBLE = 10 * 366 * 24 * 3600.0  # seconds (ten years); longer waits count as invalid


def seconds_to_wait(header: str | None) -> float | None:
    """Return the seconds that a Retry-After header asks to wait, as a number or until a date.

    None if the header is invalid: neither a number nor a date, negative, or more than ten years.
    """
    text = (header or "").strip()
    seconds = _until(text) if _seconds(text) is None else _seconds(text)
    return seconds if seconds is not None and 0 <= seconds <= _MAX_CREDIBLE else None


def _seconds(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _until(text: str) -> float | None:
    try:
        date = parsedate_to_datetime(text)
        return max((date.replace(tzinfo=date.tzinfo or UTC) - datetime.now(UTC)).total_seconds(), 0.0)
    except (ValueError, TypeError, OverflowError, IndexError):  # the date parser has no exception of its own
        return None
