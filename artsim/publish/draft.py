"""The folder of an export while it is written. It takes the place of the published folder when it is complete."""

import contextlib
import json
import shutil
from pathlib import Path
from typing import Any

from artsim.errors import UserError

ABOUT = "export.json"  # written last; a folder that has it is an export


class Draft:
    """Writes files below a hidden folder beside ``out``, and counts them.

    The draft of an interrupted run with the same ``digest`` is continued: ``has`` returns whether a picture exists.
    """

    def __init__(self, out: Path, digest: str) -> None:
        """Raises ``UserError`` if ``out`` is something else than an export, or the folder can't be written."""
        check_replaceable(out)
        self.out, self.folder = out, out.with_name(f".{out.name}.draft")
        self.files = self.bytes = 0
        self._names = set[str]()
        begun = self.folder / ".draft"
        with _as_user_error(out):
            if _text(begun) != digest:
                shutil.rmtree(self.folder, ignore_errors=True)
                self.folder.mkdir(parents=True)
                begun.write_text(digest, encoding="utf-8")

    def has(self, name: str) -> bool:
        """Whether a file is there, from this run or an interrupted one; counts it as written."""
        path = self.folder / name
        exists = path.is_file()
        if exists and name not in self._names:
            self._count(name, path.stat().st_size)
        return exists

    def write(self, name: str, content: bytes) -> None:
        """Writes a file; a reader, or an interrupted run, never sees a part of it."""
        path = self.folder / name
        with _as_user_error(self.out):
            path.parent.mkdir(parents=True, exist_ok=True)
            part = path.with_name(f".{path.name}.part")
            part.write_bytes(content)
            part.replace(path)
        self._count(name, len(content))

    def write_json(self, name: str, content: Any) -> None:
        """Writes compact JSON."""
        self.write(name, packed(content))

    def read(self, name: str) -> bytes:
        """Returns the content of a file of this draft."""
        return (self.folder / name).read_bytes()

    def publish(self, about: dict[str, Any]) -> dict[str, int]:
        """Removes what an interrupted run has left besides, and puts the folder in its place.

        Returns the number of files and bytes, which ``export.json`` says too, without ``export.json`` itself.
        """
        counts = {"file_count": self.files, "bytes": self.bytes}
        self.write_json(ABOUT, {**about, **counts})
        with _as_user_error(self.out):
            for path in self.folder.rglob("*"):
                if path.is_file() and str(path.relative_to(self.folder)) not in self._names:
                    path.unlink()
            old = self.out.with_name(f".{self.out.name}.old")
            shutil.rmtree(old, ignore_errors=True)
            with contextlib.suppress(FileNotFoundError):
                self.out.replace(old)
            self.folder.replace(self.out)
            shutil.rmtree(old, ignore_errors=True)
        return counts

    def _count(self, name: str, size: int) -> None:
        if name not in self._names:
            self._names.add(name)
            self.files += 1
            self.bytes += size


def packed(content: Any) -> bytes:
    """Returns compact JSON in which no character can end a script element."""
    text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").encode("utf-8", "replace")


def read_about(out: Path) -> dict[str, Any] | None:
    """Returns what ``export.json`` says about a published folder; None if it is no export."""
    try:
        content = json.loads(_text(out / ABOUT) or "")
    except ValueError:
        return None
    return content if isinstance(content, dict) and content.get("job") == "export_site" else None


def check_replaceable(out: Path) -> None:
    """Raises ``UserError`` if ``out`` exists and is neither empty nor an export."""
    if out.is_symlink() or (out.exists() and not out.is_dir()):
        raise UserError(f"`out` {out}: not a folder; choose another name")
    if out.is_dir() and read_about(out) is None and any(out.iterdir()):
        raise UserError(f"`out` {out}: has files that are not an export; choose a new folder")


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None


@contextlib.contextmanager
def _as_user_error(out: Path) -> Any:
    try:
        yield
    except (PermissionError, NotADirectoryError) as error:
        raise UserError(f"`out` {out}: {error.strerror}") from error
