"""The source ``folder``: every image file below a folder, on disk or in a bucket."""

import json
import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from artsim.archive import Mistake, Store
from artsim.sources.below import Below, NotBelow
from artsim.sources.endings import ENDINGS
from artsim.sources.junk import is_junk
from artsim.sources.places import is_folder, listed, open_location
from artsim.sources.record import Chunk, Reject, Source, packed


def open_folder(location: str) -> Source:
    """The images below a folder. Mistake if there is no such folder.

    The local id of an image is its path relative to the folder, its title the name of the file without the ending.
    Files come sorted, folder by folder, so that memory grows with the largest folder alone; hidden ones and those that
    desktops and object stores leave behind are not looked at. A file of another kind, or one that a link brings in
    from outside, is rejected.
    """
    store = open_location(location)
    if not is_folder(store):
        raise Mistake(f"--location {location}: this is a file; --source folder takes a folder of images")
    below = Below(store)

    def chunks(_: list[str]) -> Iterator[Chunk]:
        return packed(_row(found, below) if isinstance(found, str) else found for found in _files(store))

    return Source(PurePosixPath(store.root).name, store.uri, chunks, below.root)


def _row(path: str, below: Below) -> dict[str, Any] | Reject:
    file = PurePosixPath(path)
    if file.suffix[1:].lower() not in ENDINGS:
        return Reject.of(path, f"not the name of an image ({file.suffix.lower()[:10] or 'no ending'})", path)
    try:
        address = below.address(path)
    except NotBelow as problem:
        return Reject.of(path, str(problem), path)
    folder = "" if str(file.parent) == "." else str(file.parent)
    about = json.dumps({"folder": folder}, ensure_ascii=False) if folder else None
    return {"id": path, "image_url": address, "title": file.stem, "metadata": about, "where": path}


def _files(store: Store) -> Iterator[str | Reject]:
    """Every file below a folder that is no junk, relative to the root, sorted; folders that cannot be read."""
    waiting = [("", True)]  # the next one last; no recursion, since folders may lie a thousand deep
    while waiting:
        path, is_folder = waiting.pop()
        if not is_folder:
            yield path
            continue
        try:
            entries = sorted(_entries(store, f"{store.root}/{path}".rstrip("/")), reverse=True)
        except OSError as error:
            yield Reject.of(path, "a folder that cannot be read", error)
            continue
        inside = f"{path}/" if path else ""
        waiting += [(inside + name, folder) for name, folder in entries if not is_junk(name)]


def _entries(store: Store, path: str) -> list[tuple[str, bool]]:
    """Names in a folder and which of them are folders; on disk a link to a folder is not one, so no loop is walked."""
    if store.is_local:
        with os.scandir(Path(path)) as entries:
            return [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
    return listed(store, path)
