"""Restricts file access to a folder that the caller named; converts file names to addresses, addresses to paths."""

import os
import stat
from pathlib import Path
from urllib.parse import quote, unquote

from artsim.archive import Store

NO_FILE = "there is no such file"


class OutsideFolder(Exception):
    """A file is missing or may not be read; the message gives a short reason."""


class BaseFolder:
    """A folder on disk or in a bucket, the only place from which files may be read.

    ``root`` is its address, ending in a slash. On disk, links are resolved before a path is checked.
    """

    only = False  # whether web addresses also name files of this folder

    def __init__(self, store: Store) -> None:
        self.store = store
        self.root = f"{f'file://{quote(store.root)}' if store.is_local else store.uri.partition('?')[0]}/"
        self._inside: dict[str, bool] = {}

    def address(self, name: str) -> str:
        """Return the address of a file named relative to the folder.

        Raises ``OutsideFolder`` if the path leads outside the folder or is not a file.
        """
        self._check(name)
        try:
            return self.root + quote(name)
        except UnicodeEncodeError as error:
            raise OutsideFolder("the file name is not UTF-8") from error

    def path(self, address: str) -> str:
        """Return the path in the store's filesystem of an address below the folder.

        Raises ``OutsideFolder`` for any other address.
        """
        if not address.startswith(self.root):
            raise OutsideFolder("not below the given folder")
        name = unquote(address[len(self.root) :])
        self._check(name)
        return f"{self.store.root}/{name}"

    def _check(self, name: str) -> None:
        if name.startswith("/"):
            raise OutsideFolder("an absolute path; must be relative to the folder")
        if not name or "\0" in name or not {"..", ".", ""}.isdisjoint(name.split("/")):
            raise OutsideFolder("the path is empty or leads outside the folder")
        if self.store.is_local:
            self._check_on_disk(f"{self.store.root}/{name}")

    def _check_on_disk(self, path: str) -> None:
        parent = os.path.dirname(path)  # noqa: PTH120  this runs once a row; pathlib would take most of the time
        if parent not in self._inside:
            self._inside[parent] = self._leads_inside(parent)
        try:
            mode = os.lstat(path).st_mode
            linked = stat.S_ISLNK(mode)
            mode = os.stat(path).st_mode if linked else mode  # noqa: PTH116
        except (OSError, UnicodeEncodeError) as error:
            raise OutsideFolder(NO_FILE) from error
        if not self._inside[parent] or (linked and not self._leads_inside(path)):
            raise OutsideFolder("a link leads outside the folder")
        if not stat.S_ISREG(mode):
            raise OutsideFolder("not a file")

    def _leads_inside(self, path: str) -> bool:
        return Path(path).resolve().is_relative_to(Path(self.store.root).resolve())


def parent_of(store: Store) -> Store:
    """Return the folder that contains a file."""
    return Store(store.uri.rpartition("/")[0], store.filesystem, store.root.rpartition("/")[0])
