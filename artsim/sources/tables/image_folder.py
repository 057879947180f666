"""Finds the images of a table in a separate folder (``images``) by the file names in its rows."""

import os
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import TypeAlias
from urllib.parse import unquote, urlsplit

import pyarrow as pa
import pyarrow.fs as pafs

from artsim.archive import Store, UserError
from artsim.sources.base_folder import NO_FILE, BaseFolder, OutsideFolder
from artsim.sources.image_names import is_image_name
from artsim.sources.junk_files import in_junk, is_junk
from artsim.sources.locations import is_folder, open_location
from artsim.sources.tables.columns import IMAGE_NAMES, Resolved, plain_name

_SAMPLED_ROWS = 1000  # rows checked to find the column that names the files
_EXAMPLES = 3

_Column: TypeAlias = pa.ChunkedArray | pa.Array


class ImageFolder(BaseFolder):
    """The folder of ``images``, the only place from which the rows of a table get their images.

    A row may give a file's path, its name with or without extension, or an address that ends in its name. Paths are
    compared from the end, as far as both have components, ignoring case. A name that matches several files is rejected.
    """

    only = True

    def __init__(self, store: Store, named: str) -> None:
        super().__init__(store)
        self._images = named
        self._by_stem: dict[str, list[str]] = defaultdict(list)
        for file in _images(store):
            self._by_stem[_stem(PurePosixPath(file).name)].append(file)
        if not self._by_stem:
            raise UserError(f"`images` {named}: there is no image in this folder")
        self._chosen: str | None = None
        self._matched_count = 0
        self._unmatched: list[str] = []

    def address(self, name: str) -> str:
        """Return the address of the file that a row names. Raise ``OutsideFolder`` if there is none."""
        try:
            address = super().address(self._file(name))
        except OutsideFolder:
            self._unmatched += [name] if len(self._unmatched) < _EXAMPLES else []
            raise
        self._matched_count += 1
        return address

    def mapped(self, columns: Mapping[str, _Column], mapping: Resolved) -> Resolved:
        """Return ``mapping`` with ``image_url`` set to a column that names files.

        Tries the columns named like images, then those mapped as ``id``, then the column that names the most files. If
        no column names a file, the first in this order is used. The choice holds for the whole table.
        """
        if not any(len(column) for column in columns.values()):
            return dict(mapping)
        by_name = [column for column in columns if plain_name(column) in IMAGE_NAMES]
        likely_columns = [column for column in [*by_name, *mapping.get("id", ())] if column in columns]
        if self._chosen not in columns:
            self._chosen = next((name for name in likely_columns if self._count(columns[name])), None) or self._best(
                columns
            )
        return {**mapping, "image_url": (self._chosen or [*likely_columns, *columns][0],)}

    def _best(self, columns: Mapping[str, _Column]) -> str | None:
        """Return the column that names the most files, or None if no column names any."""
        counts = {name: self._count(column) for name, column in columns.items()}
        best = max(counts, key=counts.__getitem__)
        return best if counts[best] else None

    def check_found(self) -> None:
        """Raise ``UserError`` if no row has matched a file."""
        if not self._matched_count:
            files = [file for same_stem in self._by_stem.values() for file in same_stem][:_EXAMPLES]
            raise UserError(
                f"`images` {self._images}: no row matches a file; the rows name {_listed(self._unmatched) or 'none'}; "
                f"the folder has {_listed(files)}; use `columns` image_url=COLUMN or `image_template` 'a/{{id}}.jpg'"
            )

    def _count(self, column: _Column) -> int:
        """Return how many different files the first values of a column name."""
        files = set()
        for value in filter(None, column.slice(0, _SAMPLED_ROWS).to_pylist()):
            try:
                files.add(self._file(value.strip()))
            except OutsideFolder:
                continue
        return len(files)

    def _file(self, name: str) -> str:
        """Return the file that a name refers to, relative to the folder.

        Raises ``OutsideFolder`` if no file or several files match.
        """
        if name.startswith(self.root):
            name = unquote(name[len(self.root) :])
        elif re.match(r"(?i:https?)://", name):
            name = unquote(_path_of(name)).rpartition("/")[2]
        name = self._relative(name.replace("\\", "/") if "/" not in name else name)
        parts = [part for part in name.split("/") if part not in ("", ".")]
        if ".." in parts:
            raise OutsideFolder("the path leads outside the folder")
        if not parts:
            raise OutsideFolder("not a valid file name")
        path = "/".join(parts)
        files = self._by_stem.get(_stem(parts[-1]), [])
        if path in files:
            return path
        for matches in (_is_path, _is_tail):
            if matching_files := [file for file in files if matches(path, file)]:
                longest = max(file.count("/") for file in matching_files) if len(parts) > 1 else 0
                best = [file for file in matching_files if file.count("/") >= min(longest, len(parts) - 1)]
                if len(best) > 1:
                    raise OutsideFolder("several files in the folder of `images` have this name")
                return best[0]
        if not self.store.is_local:
            raise OutsideFolder(NO_FILE)
        self._check(path)  # also finds files without an image name; says if the path is a link or a device
        return path

    def _relative(self, path: str) -> str:
        """Return a path relative to the folder; it may be given as the absolute path of a file below the folder."""
        if not path.startswith("/") and not re.match(r"[A-Za-z]:/", path):
            return path
        if self.store.is_local:
            root = f"{self.store.root}/"  # has no links; a row's path may have some
            for candidate in (path, os.path.realpath(path) if "\0" not in path else path):
                if candidate.startswith(root):
                    return candidate[len(root) :]
        raise OutsideFolder("an absolute path outside the folder of `images`")


def open_images(folder: str) -> ImageFolder:
    """Open the folder of ``images``. Raises ``UserError`` if it does not exist or has no image."""
    if folder.startswith(("http://", "https://")):
        raise UserError(f"`images` {folder}: not a folder; use `image_template` to build web addresses from columns")
    store = open_location(folder, "`images`")
    if not is_folder(store):
        raise UserError(f"`images` {folder}: this is a file; give the folder that contains the images")
    return ImageFolder(store, folder)


def _images(store: Store) -> Iterator[str]:
    """Yield the files with an image name below a folder, as sorted relative paths, without following folder links."""
    if not store.is_local:
        infos = store.filesystem.get_file_info(pafs.FileSelector(store.root, recursive=True))
        files = (info.path[len(store.root) + 1 :] for info in infos if info.is_file)
        yield from sorted(file for file in files if is_image_name(file) and not in_junk(file))
        return
    for folder, folders, names in os.walk(store.root):
        folders[:] = sorted(name for name in folders if not is_junk(name))
        inside = Path(folder).relative_to(store.root)
        for name in sorted(names):
            if is_image_name(name) and not is_junk(name):
                yield str(inside / name)


def _path_of(address: str) -> str:
    try:
        return urlsplit(address).path
    except ValueError as error:
        raise OutsideFolder("not a valid file name") from error


def _stem(name: str) -> str:
    return _folded(name.rpartition(".")[0] if is_image_name(name) else name)


def _folded(text: str) -> str:
    """Return a name in the form used for comparison: case-folded and NFC-normalized (names from macOS are not)."""
    return unicodedata.normalize("NFC", text).casefold()


def _is_path(named_path: str, file: str) -> bool:
    """Return whether a file has exactly this path, with or without its extension."""
    folder, _, name = file.rpartition("/")
    return _folded(named_path) in (_folded(file), f"{_folded(folder)}/{_stem(name)}".lstrip("/"))


def _is_tail(named_path: str, file: str) -> bool:
    """Return whether one of the two paths ends in the other."""
    length = min(named_path.count("/"), file.count("/")) + 1
    return _is_path("/".join(named_path.split("/")[-length:]), "/".join(file.split("/")[-length:]))


def _listed(names: list[str]) -> str:
    return ", ".join(name[:100] for name in names)
