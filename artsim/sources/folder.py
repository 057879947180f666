"""The source ``folder``: every image file below a folder, on disk or in a bucket."""

import json
import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from artsim.archive import Store, UserError
from artsim.archive.rejects import Reject
from artsim.sources.base_folder import BaseFolder, OutsideFolder
from artsim.sources.image_names import ENDINGS
from artsim.sources.junk_files import is_junk
from artsim.sources.locations import is_folder, listed, open_location
from artsim.sources.records import Chunk, Source, packed


def open_folder(location: str) -> Source:
    """Open the images below a folder as a source. Raises ``UserError`` if there is no such folder.

    The local id of an image is its path relative to the folder; its title is the file name without the extension.
    Files are sorted within each folder, so memory grows only with the largest folder. Hidden files and those that
    desktops and object stores leave behind are skipped. A file that is not an image by its name, or that a link brings
    in from outside, is rejected.
    """
    store = open_location(location)
    if not is_folder(store):
        raise UserError(f"`location` {location}: this is a file; `source` folder takes a folder of images")
    base_folder = BaseFolder(store)

    def chunks(_: list[str]) -> Iterator[Chunk]:
        return packed(_row(entry, base_folder) if isinstance(entry, str) else entry for entry in _files(store))

    return Source(PurePosixPath(store.root).name, store.uri, chunks, base_folder.root)


def _row(path: str, base_folder: BaseFolder) -> dict[str, Any] | Reject:
    file = PurePosixPath(path)
    if file.suffix[1:].lower() not in ENDINGS:
        return Reject.of(path, f"not an image file name ({file.suffix.lower()[:10] or 'no extension'})", path)
    try:
        address = base_folder.address(path)
    except OutsideFolder as problem:
        return Reject.of(path, str(problem), path)
    folder = "" if str(file.parent) == "." else str(file.parent)
    metadata = json.dumps({"folder": folder}, ensure_ascii=False) if folder else None
    return {"id": path, "image_url": address, "title": file.stem, "metadata": metadata, "where": path}


def _files(store: Store) -> Iterator[str | Reject]:
    """Yield every file below a folder except junk, as sorted relative paths, and a reject per unreadable folder."""
    waiting = [("", True)]  # a stack, since folders may be nested too deep for recursion
    while waiting:
        path, is_folder = waiting.pop()
        if not is_folder:
            yield path
            continue
        try:
            entries = sorted(_entries(store, f"{store.root}/{path}".rstrip("/")), reverse=True)
        except OSError as error:
            yield Reject.of(path, "the folder cannot be read", error)
            continue
        inside = f"{path}/" if path else ""
        waiting += [(inside + name, folder) for name, folder in entries if not is_junk(name)]


def _entries(store: Store, path: str) -> list[tuple[str, bool]]:
    """Return the names in a folder and whether each is a folder; on disk, links are not, which avoids loops."""
    if store.is_local:
        with os.scandir(Path(path)) as entries:
            return [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
    return listed(store, path)
