"""Converts addresses of local folders (plain paths and ``file://`` URIs in any spelling) to absolute paths."""

import contextlib
import os
import re
from pathlib import Path
from urllib.parse import unquote_to_bytes

from artsim.errors import UserError

_LOCAL = re.compile(r"(?:file|local):(?P<rest>/.*|)", re.IGNORECASE | re.DOTALL)
_SCHEME = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*)://", re.IGNORECASE)


def scheme_of(uri: str) -> str | None:
    """The lower-case scheme of an address; None for a plain path."""
    if _LOCAL.fullmatch(uri):
        return "file"
    match = _SCHEME.match(uri)
    return match["scheme"].lower() if match else None


def local_path(uri: str) -> str:
    """Returns the absolute, percent-decoded path of a plain path or a ``file://`` address.

    Raises ``UserError`` if the address names no local path. A ``#`` or ``?`` in a ``file://`` address is rejected,
    since it may belong to a file name or start a fragment or query.
    """
    path = uri
    if match := _LOCAL.fullmatch(uri):
        path = _decoded(match["rest"], uri)
    elif "://" in uri:
        raise UserError(f"cannot open {uri[:100]}: neither a path nor an address of a known kind")
    try:
        resolved = Path(path).expanduser().resolve()
        with contextlib.suppress(FileNotFoundError, NotADirectoryError, PermissionError):
            resolved.lstat()  # raises OSError if a name is too long
        return str(resolved)
    except (OSError, RuntimeError, ValueError) as error:
        raise UserError(f"{uri[:100]}: not a valid path: {error}") from error


def _decoded(rest: str, uri: str) -> str:
    if rest.startswith("//"):
        host, slash, path = rest[2:].partition("/")
        if host.lower() not in ("", "localhost"):
            raise UserError(
                f"{uri[:100]}: names the machine {host!r}, but file:// opens only folders on this machine; "
                "write an absolute path with three slashes: file:///folder"
            )
        rest = slash + path
    if not rest:
        raise UserError(
            f"{uri[:100]}: the folder is missing; write an absolute path with three slashes: file:///folder"
        )
    check_no_fragment(uri, rest)
    if "?" in rest:
        raise UserError(f"{uri[:100]}: ? starts a query in an address; write it as %3F, or use a plain path")
    try:
        path = unquote_to_bytes(rest.encode()).decode()
    except UnicodeDecodeError as error:
        raise UserError(f"{uri[:100]}: its percent-encoded bytes are not UTF-8") from error
    return os.path.normpath(path) if path.startswith("//") else path


def check_no_fragment(uri: str, path: str | None = None) -> None:
    """Raises ``UserError`` if an address has a ``#``: programs silently drop it and everything after it."""
    if "#" in (uri if path is None else path):
        raise UserError(f"{uri[:100]}: # starts a fragment in an address; write it as %23, or use another name")
