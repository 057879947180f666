"""The exceptions that a job shows as one line: a caller's mistake, exit code 2, and what is not there, exit code 1."""

import errno


class Mistake(Exception):
    """What the caller got wrong, in one line that names the option, file, row or id."""


class Outage(Exception):
    """What did not answer for longer than a job waits, in one line that names the address; later it may."""


def is_full(error: BaseException) -> bool:
    """Whether an error says that a disk, or a person's share of it, is full."""
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
