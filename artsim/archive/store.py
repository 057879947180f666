"""Files at any address that pyarrow or fsspec can open: list, read, and write whole or not at all."""

import contextlib
import errno
import json
import os
import tempfile
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.fs as pafs

from artsim.archive.address import check_no_fragment, local_path, scheme_of
from artsim.archive.remote import open_remote
from artsim.archive.s3 import S3, SCHEME, open_s3, read_whole
from artsim.mistake import Mistake

_NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)  # as disks without links say
BROKEN_LINK = "this is a link that leads nowhere; restore what it leads to, or remove the link"
_ABANDONED = 3600  # seconds after which nobody still writes a draft
_SMALL = 1 << 20  # bytes that come from a bucket in hardly more time than a request for one of them
_AT_ONCE = 8 << 20  # bytes that go into a bucket by one request


@dataclass(frozen=True)
class Store:
    """A folder on a filesystem. Pickles, so that workers on other machines open the same files."""

    uri: str
    filesystem: pafs.FileSystem
    root: str

    @classmethod
    def open(cls, uri: str) -> "Store":
        """The folder at a path or an address (``s3://bucket/folder``, ``gs://``, whatever fsspec knows)."""
        if not uri:
            raise Mistake("an empty address; . is the current folder")
        scheme = scheme_of(uri)
        if scheme is None or scheme == "file":
            path = local_path(uri)
            return cls(path, pafs.LocalFileSystem(), path)
        check_no_fragment(uri)
        uri = f"{scheme}{uri[len(scheme) :]}"
        if uri.startswith(SCHEME):
            filesystem, root = open_s3(uri)
            return cls(uri.rstrip("/"), filesystem, root)
        filesystem, root = open_remote(uri)
        return cls(uri.rstrip("/"), filesystem, root.rstrip("/"))

    @property
    def is_local(self) -> bool:
        """Whether the files lie on this machine, where a rename is what makes a write atomic."""
        return isinstance(self.filesystem, pafs.LocalFileSystem)

    def address(self, path: str) -> str:
        """Where a file of the folder is, as a person or another program would open it."""
        folder, mark, query = self.uri.partition("?") if self.uri.startswith(SCHEME) else (self.uri, "", "")
        return f"{folder.rstrip('/')}/{path}{mark}{query}"

    def names(self, folder: str) -> list[str]:
        """The names in a folder, sorted; none if there is no such folder. Those with a leading _ or . are left out."""
        if self.is_local:
            return sorted(name for name in self._local_names(folder) if not name.startswith(("_", ".")))
        selector = pafs.FileSelector(f"{self.root}/{folder}", allow_not_found=True)
        names = (info.base_name for info in self.filesystem.get_file_info(selector))
        return sorted(name for name in names if not name.startswith(("_", ".")))

    def files(self, folder: str) -> list[str]:
        """The paths of all files below a folder, relative to it, sorted; none if there is no such folder."""
        top = f"{self.root}/{folder}"
        if self.is_local:
            return sorted(self._local_files(top))
        found = self.filesystem.get_file_info(pafs.FileSelector(top, allow_not_found=True, recursive=True))
        return sorted(info.path[len(top) + 1 :] for info in found if info.is_file)

    def is_broken_link(self, path: str) -> bool:
        """Whether this is a link that leads nowhere, or round in a circle."""
        place = Path(self.root, path)
        return self.is_local and place.is_symlink() and not place.exists()

    def _local_names(self, folder: str) -> list[str]:
        """What is in a folder. Broken links are included, so that opening them reports them."""
        if self.is_broken_link(folder):
            raise Mistake(f"{self.address(folder)}: {BROKEN_LINK}")
        try:
            return [path.name for path in Path(self.root, folder).iterdir()]
        except (FileNotFoundError, NotADirectoryError) as error:
            _raise_unless_missing(error)
            return []

    def _local_files(self, top: str) -> Iterator[str]:
        for folder, _, names in os.walk(top, followlinks=True, onerror=_raise_unless_missing):
            for name in names:
                path = f"{folder}/{name}"
                if os.path.isfile(path) or os.path.islink(path):  # noqa: PTH113, PTH114
                    yield path[len(top) + 1 :]

    def exists(self, path: str) -> bool:
        """Whether a file or folder is there."""
        return self.filesystem.get_file_info(f"{self.root}/{path}").type != pafs.FileType.NotFound

    def remove(self, folder: str) -> None:
        """Removes a folder with all that is in it; nothing happens if there is none."""
        if ".." in folder.split("/"):
            raise Mistake(f"{folder}: leads out of the archive")
        if self.exists(folder):
            self.filesystem.delete_dir(f"{self.root}/{folder}")

    def remove_file(self, path: str) -> None:
        """Removes one file. FileNotFoundError if there is none."""
        self.filesystem.delete_file(f"{self.root}/{path}")

    def open_input(self, path: str) -> Any:
        """A file for random reading. FileNotFoundError if there is none. A small one from afar is read at once."""
        file = self.filesystem.open_input_file(f"{self.root}/{path}")
        if self.is_local or file.size() > _SMALL:
            return file
        with file:
            return pa.BufferReader(read_whole(file))

    @contextlib.contextmanager
    def replace(self, path: str) -> Iterator[str]:
        """A local file to write to; at a clean exit its content stands at ``path``, after an error nothing changed.

        Local files come by rename, objects by one upload that shows only when it is complete.
        """
        target = f"{self.root}/{path}"
        if self.is_local:
            Path(target).parent.mkdir(parents=True, exist_ok=True)
            draft = str(Path(target).parent / f"_{uuid.uuid4().hex}.tmp")
        else:
            descriptor, draft = tempfile.mkstemp(prefix="artsim-")
            os.close(descriptor)
        try:
            yield draft
            if self.is_local:
                Path(draft).replace(target)
            else:
                with ThreadPoolExecutor(1) as uninterrupted:  # Ctrl-C reaches the main thread alone
                    uninterrupted.submit(self._upload, draft, target).result()
        except OSError as error:
            if self.is_local and error.errno is not None and error.filename in (None, draft):
                error.filename = target  # what a person knows; nobody can look for the draft
            raise
        finally:
            with contextlib.suppress(OSError):  # of a disk that can't be written to
                Path(draft).unlink(missing_ok=True)

    def sweep(self, folder: str) -> None:
        """Removes the drafts in a folder's folders that killed writers left there more than an hour ago."""
        if self.is_local:
            for draft in Path(self.root, folder).glob("*/_*.tmp"):
                if draft.stat().st_mtime < time.time() - _ABANDONED:
                    draft.unlink(missing_ok=True)

    def _upload(self, draft: str, target: str) -> None:
        """Puts a whole file there in one call: closed after an error, a stream would show what it has got so far."""
        with pa.memory_map(draft) as source:
            content = source.read_buffer()
            with self._open_output(target, content.size) as sink:
                sink.write(content)

    def _open_output(self, target: str, size: int) -> Any:
        """Where to write to. A folder is made when it is missed, not before: objects need none, and asking costs."""
        filesystem = self.filesystem
        if isinstance(filesystem, S3) and size <= _AT_ONCE:
            filesystem = filesystem.at_once
        try:
            return filesystem.open_output_stream(target, compression=None)
        except FileNotFoundError:
            filesystem.create_dir(target.rpartition("/")[0], recursive=True)
            return filesystem.open_output_stream(target, compression=None)

    def read_json(self, path: str) -> Any:
        """What a JSON file holds; None if there is no such file. Mistake if it is damaged."""
        try:
            with self.open_input(path) as source:
                return json.loads(source.read())
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (ValueError, RecursionError) as error:
            raise Mistake(f"{self.address(path)}: damaged, not JSON ({error}); restore it from a copy") from error
        except OSError as error:
            if not self.is_local:
                raise  # the network
            raise Mistake(f"{self.address(path)}: can't be read ({error}); restore it from a copy") from error

    def write_json(self, path: str, value: Any) -> None:
        """Replaces a JSON file."""
        with self.replace(path) as draft:
            text = json.dumps(value, indent=2, ensure_ascii=False) + "\n"
            # half a character, of a file name that is not UTF-8 for example, becomes \udcff, as JSON writes it
            Path(draft).write_text(text, encoding="utf-8", errors="backslashreplace")

    def create_json(self, path: str, value: Any) -> None:
        """Writes a JSON file of a local folder unless there is one: of several writers the first one wins."""
        draft = f"_{uuid.uuid4().hex}.tmp"
        try:
            self.write_json(draft, value)
            with contextlib.suppress(FileExistsError):
                os.link(Path(self.root, draft), Path(self.root, path))
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            Path(self.root, draft).replace(Path(self.root, path))
        finally:
            Path(self.root, draft).unlink(missing_ok=True)


def _raise_unless_missing(error: OSError) -> None:
    """Raises the error of a listing unless there is nothing at that place; below a file, there is nothing."""
    if not isinstance(error, FileNotFoundError | NotADirectoryError) or os.path.lexists(error.filename):
        raise error


def read_file(uri: str) -> bytes:
    """A file at any address. FileNotFoundError if there is none."""
    store = Store.open(uri)
    with store.filesystem.open_input_file(store.root) as source:
        return read_whole(source).to_pybytes()
