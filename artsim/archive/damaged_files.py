"""Reads files of a run or a model that may be damaged; a user error names the damaged file."""

from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from safetensors import SafetensorError
from safetensors.torch import load

from artsim.archive import Keys, Store, UserError, check_record


def intact(
    store: Store,
    path: str,
    read: Callable[[str], Any] | None = None,
    *,
    of: str = "model",
    remedy: str = "",
    keys: Keys | None = None,
) -> Any:
    """Reads a file with ``read``, by default ``store.read_json``. A user error names a file that can't be read.

    ``of`` says what the file belongs to, ``remedy`` what to do, ``keys`` which keys an object in it must have.
    """
    try:
        content = (read or store.read_json)(path)
        if keys is not None and content is not None:
            check_record(content, keys, "its content", "it was edited or truncated")
        return content
    except (OSError, ValueError, SafetensorError, pa.ArrowException, UserError) as error:
        if isinstance(error, OSError) and not store.is_local and not isinstance(error, FileNotFoundError):
            raise  # a network error, not a damaged file
        raise UserError(
            f"{store.address(path)}: this file of the {of} is missing or damaged: {error}{remedy and '; '}{remedy}"
        ) from error


def intact_tensors(store: Store, path: str, *, of: str = "model", remedy: str = "") -> Any:
    """The tensors of a safetensors file."""
    return intact(store, path, lambda path: load(_content(store, path)), of=of, remedy=remedy)


def intact_table(store: Store, path: str, *, of: str = "model", remedy: str = "") -> pa.Table:
    """The rows of a Parquet file."""
    return intact(store, path, lambda path: pq.read_table(pa.BufferReader(_content(store, path))), of=of, remedy=remedy)


def _content(store: Store, path: str) -> bytes:
    with store.open_input(path) as source:
        return source.read()
