"""Recognizes files that desktops, archivers and object stores leave in folders, neither images nor records."""

import re

_JUNK = re.compile(
    r"\..*|thumbs\.db|ehthumbs.*\.db|desktop\.ini|icon\r|__macosx|@eadir|\$recycle\.bin|system volume information"
    r"|lost\+found|~\$.*|.*_\$folder\$",
    re.IGNORECASE | re.DOTALL,
)


def is_junk(name: str) -> bool:
    """Whether a file or folder has a name that only programs use (``.DS_Store``, ``Thumbs.db``)."""
    return _JUNK.fullmatch(name) is not None


def in_junk(path: str) -> bool:
    """Whether a file or any folder on its path is junk (see ``is_junk``)."""
    return any(map(is_junk, path.split("/")))
