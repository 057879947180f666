"""Opens folders on Google Cloud Storage, Azure, HDFS and any fsspec filesystem, with a timeout for the first answer."""

import threading
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.fs as pafs

from artsim.errors import ServiceUnavailable, UserError

_FIRST_REQUEST_TIMEOUT_SECONDS = (
    12.0  # seconds in which a storage must answer the first request; later ones are retried for longer
)


def open_remote(uri: str) -> tuple[pafs.FileSystem, str]:
    """Returns the filesystem and the path of an address.

    Raises ``UserError`` if no filesystem can open it, ``ServiceUnavailable`` if it cannot be reached or does not
    answer in time.
    """
    return _within(uri, lambda: _opened(uri))


def _opened(uri: str) -> tuple[pafs.FileSystem, str]:
    try:
        filesystem, root = pafs.FileSystem.from_uri(uri)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        filesystem, root = _through_fsspec(uri)
    filesystem.get_file_info(root)
    return filesystem, root


def _through_fsspec(uri: str) -> tuple[pafs.FileSystem, str]:
    import fsspec

    if uri.startswith(("http://", "https://")):
        raise UserError(f"cannot open {uri}: a web address cannot be used as storage; use a folder or a bucket")
    try:
        filesystem, root = fsspec.core.url_to_fs(uri)
    except (ImportError, ValueError, TypeError) as error:
        raise UserError(f"cannot open {uri}: {_one_line(error)}") from error
    if "file" in _protocols(filesystem):
        raise UserError(f"{uri}: this address is a local folder; use its path")
    return pafs.PyFileSystem(pafs.FSSpecHandler(filesystem)), root


def _protocols(filesystem: Any) -> tuple[str, ...]:
    protocol = filesystem.protocol
    return (protocol,) if isinstance(protocol, str) else tuple(protocol)


def _within(uri: str, ask: Callable[[], tuple[pafs.FileSystem, str]]) -> tuple[pafs.FileSystem, str]:
    """Calls ``ask`` in a thread and abandons it if it takes too long, since clients retry for minutes."""
    answers: list[tuple[pafs.FileSystem, str]] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            answers.append(ask())
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(_FIRST_REQUEST_TIMEOUT_SECONDS)
    if answers:
        return answers[0]
    if not errors:
        raise ServiceUnavailable(
            f"{uri}: no answer within {_FIRST_REQUEST_TIMEOUT_SECONDS:.0f} s; "
            "check the network connection of this machine"
        )
    if isinstance(errors[0], UserError):
        raise errors[0]
    raise ServiceUnavailable(f"cannot open {uri}: {_one_line(errors[0])}") from errors[0]


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__
