"""Which names a model, a sweep or a table may have."""

import re

from artsim.errors import UserError

_NAME = re.compile(r"[^\W_][\w.\-]{0,99}", re.ASCII)  # Ray and some object stores accept no others


def check_name(name: str) -> None:
    """Raises a user error if nothing in an archive can have this name."""
    if not _NAME.fullmatch(name):
        raise UserError(
            f"`name` {name[:100]!r}: must be 1 to 100 ASCII letters, digits, _ . or -, and start with a letter or digit"
        )
