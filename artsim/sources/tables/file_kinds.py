"""Detects what a file is from its first bytes, so that errors can say what it is instead of a table."""

import re
import zipfile

from artsim.archive import Store, UserError

_HEAD = 1 << 16  # bytes inspected
_SHEET = "a spreadsheet; save it as CSV (UTF-8)"
_ENDINGS = (".xlsx", ".xls", ".xlsm", ".xlsb", ".ods", ".numbers")
_PACKED = "unpack it and name the file inside"
_JSON = re.compile(rb'\s*(\[\s*[\[{"\]]|\{\s*["}])')
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x19\x1c-\x1f]")
_BINARY = 0.02  # a file with a larger share of control characters is not text
_STARTS = (
    (b"\xd0\xcf\x11\xe0", "an Excel or other Office file; save it as CSV (UTF-8)"),
    (b"%PDF-", "a PDF; a table is needed, as CSV, Parquet or JSON"),
    (b"{\\rtf", "a text document; save its table as CSV (UTF-8)"),
    (b"\xff\xd8\xff", "an image; `source` folder takes a folder of images"),
    (b"\x89PNG", "an image; `source` folder takes a folder of images"),
    (b"GIF8", "an image; `source` folder takes a folder of images"),
    (b"II*\0", "an image; `source` folder takes a folder of images"),
    (b"MM\0*", "an image; `source` folder takes a folder of images"),
    (b"RIFF", "an image, audio or video file; `source` folder takes a folder of images"),
    (b"\x1f\x8b", "compressed with gzip; give it a name that ends in .gz"),
    (b"BZh", "compressed with bzip2; give it a name that ends in .bz2"),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd; give it a name that ends in .zst"),
    (b"\xfd7zXZ\0", f"compressed with xz; {_PACKED}"),
    (b"7z\xbc\xaf\x27\x1c", f"a 7z archive; {_PACKED}"),
    (b"Rar!", f"a RAR archive; {_PACKED}"),
    (b"SQLite format 3\0", "an SQLite database; export its table as CSV"),
    (b"\0\1\0\0Standard ", "an Access database; export its table as CSV"),
    (b"ARROW1", "an Arrow file; save it as Parquet or CSV"),
    (b"\x89HDF", "an HDF5 file; save it as CSV"),
)


def check_table(store: Store, location: str, json: bool = False, parquet: bool = False) -> None:
    """Raise ``UserError`` if a file is not a table but a spreadsheet, an archive, an image, a web page or the like.

    ``json`` and ``parquet`` say that the file will be read as that format.
    """
    if store.root.lower().endswith(_ENDINGS):
        raise UserError(f"`location` {location}: {_SHEET}")
    try:
        with store.filesystem.open_input_stream(store.root) as stream:  # also decompresses .gz and similar
            head = stream.read(_HEAD)
    except (OSError, EOFError):  # the table reader reports it
        return
    kind = _kind(store, head)
    if kind is None and not json and _JSON.match(head.removeprefix(b"\xef\xbb\xbf")):
        kind = "JSON; give it a name that ends in .json, or in .jsonl for one object per line"
    if kind is None and not parquet and head.startswith(b"PAR1"):
        kind = "a Parquet file; give it a name that ends in .parquet"
    elif kind is None and not parquet and _is_binary(head):
        kind = "not text; a table is needed, as CSV, Parquet or JSON"
    if kind:
        raise UserError(f"`location` {location}: this is {kind}")


def wide_encoding(head: bytes) -> str | None:
    """Return the codec of UTF-16 or UTF-32 text; None for any other text.

    UTF-16 is recognized without a byte order mark too.
    """
    if head.startswith((b"\xff\xfe\0\0", b"\0\0\xfe\xff")):
        return "utf-32"
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    even, odd = head[:2000:2].count(0), head[1:2000:2].count(0)
    if max(even, odd) < 0.3 * len(head[:2000:2]) or min(even, odd) > 0.02 * len(head[:2000:2]):
        return None
    return "utf-16-le" if odd > even else "utf-16-be"


def _kind(store: Store, head: bytes) -> str | None:
    if head.startswith(b"PK\x03\x04"):
        return _zipped(store, head)
    for start, kind in _STARTS:
        if head.startswith(start):
            return kind
    if head[257:262] == b"ustar":
        return f"a tar archive; {_PACKED}"
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if re.match(rb"<(!doctype html|html|head|body|script)\b", text) or (text.startswith(b"<?xml") and b"<html" in text):
        return "a web page, perhaps one that asks for a login; download the table itself"
    return "XML; a table is needed, as CSV, Parquet or JSON" if re.match(rb"<[?!a-z]", text) else None


def _zipped(store: Store, head: bytes) -> str:
    """Describe a zip file, which may be an office document."""
    try:
        with store.filesystem.open_input_file(store.root) as file, zipfile.ZipFile(file) as packed:
            names = " ".join(packed.namelist())
    except (OSError, zipfile.BadZipFile, ValueError):
        names = head.decode("latin-1")
    if "xl/" in names or "opendocument.spreadsheet" in head[:200].decode("latin-1") or "Index/Tables/" in names:
        return _SHEET
    if "word/" in names or "opendocument.text" in head[:200].decode("latin-1"):
        return "a text document; save its table as CSV (UTF-8)"
    return f"a zip archive; {_PACKED}"


def _is_binary(head: bytes) -> bool:
    return wide_encoding(head) is None and len(_CONTROL.findall(head)) > _BINARY * len(head)
