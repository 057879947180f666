"""Exceptions that a job shows as one line: user errors (exit code 2) and unavailable services (exit code 1)."""

import errno


class UserError(Exception):
    """A user error, in one line that names the option, file, row or id."""


class ServiceUnavailable(Exception):
    """A service that does not answer in time, in one line that names the address. A later run may succeed."""


def is_full(error: BaseException) -> bool:
    """Whether an error means that a disk, or a user's quota on it, is full."""
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
