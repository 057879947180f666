"""Reads JSON values from a file or folder, without interpreting them, and rejects what is not JSON."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import pyarrow.fs as pafs

from artsim.archive import Store, UserError
from artsim.archive.json_text import parse_json
from artsim.archive.rejects import Reject
from artsim.sources.junk_files import in_junk
from artsim.sources.locations import is_folder
from artsim.sources.tables.lines import TOO_LONG, LongLine, lines_of

LINES = (".jsonl", ".ndjson")
_LARGEST = 256 << 20  # maximum bytes of one JSON text, which is read into memory whole


class Document(NamedTuple):
    """A JSON value and its place: the file name ("" for a single file), and the line number if it is a line."""

    where: str
    value: Any
    is_line: bool


def documents(store: Store) -> Iterator[Document | Reject]:
    """Yield the JSON values of one file, or of all files below a folder, in the order of their names.

    Text that is not JSON is rejected. Raises ``UserError`` if a single file is not JSON, or the folder has no such
    file.
    """
    for file in _files(store):
        path = f"{store.root}/{file}" if file else store.root
        if path.endswith(LINES):
            yield from _lines(store, path, file)
            continue
        try:
            if store.filesystem.get_file_info(path).size > _LARGEST:
                raise ValueError(f"larger than {_LARGEST >> 20} MiB; write one object per line (.jsonl) instead")
            with store.filesystem.open_input_stream(path) as stream:
                value = parse_json(stream.read())
        except (ValueError, OSError) as error:
            if not file:
                raise UserError(f"`location` {store.uri}: not valid JSON: {error}") from error
            yield Reject.of(file, "not valid JSON", error)
        else:
            yield Document(file, value, is_line=False)


def _files(store: Store) -> list[str]:
    """Return the sorted JSON files below a folder, relative to it; ``[""]`` if the location is a file."""
    if not is_folder(store):
        return [""]
    infos = store.filesystem.get_file_info(pafs.FileSelector(store.root, recursive=True))
    files = [info.path[len(store.root) + 1 :] for info in infos if info.type == pafs.FileType.File]
    files = sorted(file for file in files if file.endswith((".json", *LINES)) and not in_junk(file))
    if not files:
        raise UserError(f"`location` {store.uri}: there is no .json file in this folder")
    return files


def _lines(store: Store, path: str, file: str) -> Iterator[Document | Reject]:
    with store.filesystem.open_input_stream(path) as stream:
        for number, line in enumerate(lines_of(stream, store.uri), 1):
            where = f"{file}#{number}" if file else str(number)
            if not line.strip():
                continue
            if isinstance(line, LongLine):
                yield Reject.of(where, TOO_LONG, line.decode(errors="replace"))
                continue
            try:
                yield Document(where, parse_json(line), is_line=True)
            except ValueError as error:
                yield Reject.of(where, "not valid JSON", error)
