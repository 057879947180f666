"""Lists, reads and atomically writes files at any address that pyarrow or fsspec can open."""

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

from artsim.archive.local_paths import check_no_fragment, local_path, scheme_of
from artsim.archive.remote import open_remote
from artsim.archive.s3 import S3, SCHEME, open_s3, read_whole
from artsim.errors import UserError

_NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)  # no support for hard links
BROKEN_LINK = "broken link; restore its target or remove the link"
_ABANDONED = 3600  # seconds after which a draft counts as abandoned
_SMALL = 1 << 20  # bytes that a bucket sends in hardly more time than one request takes
_AT_ONCE = 8 << 20  # bytes that one request uploads to a bucket


@dataclass(frozen=True)
class Store:
    """A folder on a filesystem. Can be pickled, so that workers on other machines open the same files."""

    uri: str
    filesystem: pafs.FileSystem
    root: str

    @classmethod
    def open(cls, uri: str) -> "Store":
        """Opens the folder at a path or an address (``s3://bucket/folder``, ``gs://``, or any that fsspec knows)."""
        if not uri:
            raise UserError("the address is empty; use . for the current folder")
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
        """Whether the files are on this machine, where a rename makes a write atomic."""
        return isinstance(self.filesystem, pafs.LocalFileSystem)

    def address(self, path: str) -> str:
        """Returns the address of a file in the folder, for users and other programs."""
        folder, mark, query = self.uri.partition("?") if self.uri.startswith(SCHEME) else (self.uri, "", "")
        return f"{folder.rstrip('/')}/{path}{mark}{query}"

    def names(self, folder: str) -> list[str]:
        """Returns the sorted names in a folder, without those that start with _ or .; empty if it does not exist."""
        if self.is_local:
            return sorted(name for name in self._local_names(folder) if not name.startswith(("_", ".")))
        selector = pafs.FileSelector(f"{self.root}/{folder}", allow_not_found=True)
        names = (info.base_name for info in self.filesystem.get_file_info(selector))
        return sorted(name for name in names if not name.startswith(("_", ".")))

    def files(self, folder: str) -> list[str]:
        """Returns the sorted relative paths of all files below a folder; empty if it does not exist."""
        top = f"{self.root}/{folder}"
        if self.is_local:
            return sorted(self._local_files(top))
        infos = self.filesystem.get_file_info(pafs.FileSelector(top, allow_not_found=True, recursive=True))
        return sorted(info.path[len(top) + 1 :] for info in infos if info.is_file)

    def is_broken_link(self, path: str) -> bool:
        """Whether a path is a link without a target or in a loop."""
        place = Path(self.root, path)
        return self.is_local and place.is_symlink() and not place.exists()

    def _local_names(self, folder: str) -> list[str]:
        """Returns the names in a folder. Broken links are included, so that opening them reports them."""
        if self.is_broken_link(folder):
            raise UserError(f"{self.address(folder)}: {BROKEN_LINK}")
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
        """Whether a file or folder exists."""
        return self.filesystem.get_file_info(f"{self.root}/{path}").type != pafs.FileType.NotFound

    def size(self, path: str) -> int:
        """Returns the bytes of a file; 0 if there is no such file."""
        return self.filesystem.get_file_info(f"{self.root}/{path}").size or 0

    def remove(self, folder: str) -> None:
        """Removes a folder and its content, if it exists.

        Its JSON files go first: they say that a table is whole, which a half removed one must not claim.
        """
        if ".." in folder.split("/"):
            raise UserError(f"{folder}: outside the archive")
        if self.exists(folder):
            for name in ("_about.json", *self.names(folder)):
                if name.endswith(".json"):
                    with contextlib.suppress(FileNotFoundError):
                        self.remove_file(f"{folder}/{name}")
            self.filesystem.delete_dir(f"{self.root}/{folder}")

    def remove_file(self, path: str) -> None:
        """Removes one file. Raises FileNotFoundError if there is none."""
        self.filesystem.delete_file(f"{self.root}/{path}")

    def open_input(self, path: str) -> Any:
        """Opens a file for random reading; reads a small remote file at once. Raises FileNotFoundError if missing."""
        file = self.filesystem.open_input_file(f"{self.root}/{path}")
        if self.is_local or file.size() > _SMALL:
            return file
        with file:
            return pa.BufferReader(read_whole(self.filesystem, f"{self.root}/{path}", file))

    @contextlib.contextmanager
    def replace(self, path: str) -> Iterator[str]:
        """Yields a local file to write to. A clean exit replaces ``path`` with it; an error leaves ``path`` unchanged.

        A local file is renamed. An object is uploaded in one call and becomes visible only when it is complete.
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
                with ThreadPoolExecutor(1) as uninterrupted:  # Ctrl-C reaches only the main thread
                    uninterrupted.submit(self._upload, draft, target).result()
        except OSError as error:
            if self.is_local and error.errno is not None and error.filename in (None, draft):
                error.filename = target  # the name that the user knows, not the draft's
            raise
        finally:
            with contextlib.suppress(OSError):  # for example, the disk is not writable
                Path(draft).unlink(missing_ok=True)

    def sweep(self, folder: str) -> None:
        """Removes drafts that killed writers left in the subfolders of a folder more than an hour ago."""
        if self.is_local:
            for draft in Path(self.root, folder).glob("*/_*.tmp"):
                if draft.stat().st_mtime < time.time() - _ABANDONED:
                    draft.unlink(missing_ok=True)

    def _upload(self, draft: str, target: str) -> None:
        """Uploads a whole file in one call. A stream closed after an error would publish what it received so far."""
        with pa.memory_map(draft) as source:
            content = source.read_buffer()
            with self._open_output(target, content.size) as sink:
                sink.write(content)

    def _open_output(self, target: str, size: int) -> Any:
        """Opens a file for writing. Creates its folder only if that fails: objects need none, and checks take time."""
        filesystem = self.filesystem
        if isinstance(filesystem, S3) and size <= _AT_ONCE:
            filesystem = filesystem.in_one_request
        try:
            return filesystem.open_output_stream(target, compression=None)
        except FileNotFoundError:
            filesystem.create_dir(target.rpartition("/")[0], recursive=True)
            return filesystem.open_output_stream(target, compression=None)

    def read_json(self, path: str) -> Any:
        """Returns the content of a JSON file; None if there is no such file. Raises ``UserError`` if it is damaged."""
        try:
            with self.open_input(path) as source:
                return json.loads(source.read())
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (ValueError, RecursionError) as error:
            raise UserError(f"{self.address(path)}: damaged, not JSON ({error}); restore it from a copy") from error
        except OSError as error:
            if not self.is_local:
                raise  # a network error
            raise UserError(f"{self.address(path)}: can't be read ({error}); restore it from a copy") from error

    def write_json(self, path: str, value: Any) -> None:
        """Replaces a JSON file."""
        with self.replace(path) as draft:
            text = json.dumps(value, indent=2, ensure_ascii=False) + "\n"
            # a lone surrogate, for example of a file name that is not UTF-8, becomes \udcff, as in JSON
            Path(draft).write_text(text, encoding="utf-8", errors="backslashreplace")

    def create_json(self, path: str, value: Any) -> None:
        """Writes a JSON file of a local folder unless it exists. Of several writers, the first wins."""
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
    """Raises a listing error unless the path does not exist. A path below a file does not exist either."""
    if not isinstance(error, FileNotFoundError | NotADirectoryError) or os.path.lexists(error.filename):
        raise error


def read_file(uri: str) -> bytes:
    """Returns the content of a file at any address. Raises FileNotFoundError if there is none."""
    store = Store.open(uri)
    with store.filesystem.open_input_file(store.root) as source:
        return read_whole(store.filesystem, store.root, source).to_pybytes()
