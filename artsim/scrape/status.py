"""The statuses of a row of the images table, and the exceptions that carry them."""

import traceback
from typing import NamedTuple

FAILURES = (
    "http",
    "timeout",
    "network",
    "too_large",
    "not_image",
    "unsupported",
    "corrupt",
    "bomb",
    "robots",
    "opt_out",
    "forbidden_address",
    "redirect_loop",
    "internal",
)


_LONGEST_TRACEBACK = 8000  # characters, the last ones


class FetchStatus(NamedTuple):
    """A status: one of ``FAILURES`` (or ``ok``), the reason in words, and the HTTP status if there was one.

    ``removed``: the site says that the image is permanently unavailable (gone, forbidden); an outage or a wrong answer
    does not say so. ``unreachable``: no connection to the host could be made. ``traceback`` is that of an error in
    artsim itself (``internal``).
    """

    status: str
    detail: str
    http_status: int | None = None
    removed: bool = False
    unreachable: bool = False
    traceback: str = ""


def internal(error: Exception) -> FetchStatus:
    """Returns the status of a row that failed because of an error in artsim itself."""
    trace = "".join(traceback.format_exception(error))[-_LONGEST_TRACEBACK:]
    return FetchStatus("internal", f"error in artsim: {type(error).__name__}: {error}", traceback=trace)


class Failure(Exception):
    """An image can't be fetched.

    ``retryable``: another attempt may help. ``retry_after``: the minimum wait in seconds that the server asked for.
    """

    def __init__(self, outcome: FetchStatus, *, retryable: bool = False, retry_after: float = 0.0) -> None:
        super().__init__(outcome.detail)
        self.outcome = outcome
        self.retryable = retryable
        self.retry_after = retry_after


class Deferred(Exception):
    """The wait for a row's host is too long now; the row is tried again in the next round."""
