"""The ways in which a row of the images table can end, and the exceptions that carry them."""

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
)


class Verdict(NamedTuple):
    """How something ended: one of ``FAILURES`` (or ``ok``), why in words, and the HTTP status if there was one.

    ``removed``: the site says for good that the image is not to be had there (gone, forbidden), which an outage or a
    wrong answer does not. ``unreachable``: no connection to the host could be made, so that it did not even answer.
    """

    status: str
    detail: str
    http_status: int | None = None
    removed: bool = False
    unreachable: bool = False


class Failure(Exception):
    """An image is not to be had.

    ``again`` says whether another attempt may help; ``after`` is the least number of seconds the server asked to wait.
    """

    def __init__(self, verdict: Verdict, *, again: bool = False, after: float = 0.0) -> None:
        super().__init__(verdict.detail)
        self.verdict = verdict
        self.again = again
        self.after = after


class Deferred(Exception):
    """A host would make this row wait too long now; it is taken up again in the next round."""
