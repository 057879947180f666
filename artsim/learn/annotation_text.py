"""The museums' text format, both ways: one line an annotation, ``anchor,positive,neg1..neg7``, quoted where need be."""

import codecs
import csv
import io
import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from artsim.archive import Mistake

_COMMA_AND_TAB = re.compile(r",\s*\t|\t\s*,")
_QUOTED = re.compile(r'[",]|^\s|\s$')


@dataclass(frozen=True, slots=True)
class Line:
    """A line that is not empty: its number from 1, what stood there, and its fields; none if it can't be split."""

    number: int
    text: str
    fields: tuple[str, ...]


def read_lines(path: str) -> Iterator[Line]:
    """The lines of a text file, each on its own, so that a quote left open spoils no other. Mistake if there is none.

    Names have commas between them, or tabs, or semicolons. UTF-8, UTF-16 with its mark, or else what Western Europe
    used before.
    """
    try:
        data = Path(path).read_bytes()
    except (OSError, ValueError) as error:
        raise Mistake(f"--file {path}: {getattr(error, 'strerror', None) or error}") from error
    for number, text in enumerate(io.StringIO(_decoded(data), newline=None), 1):
        text = text.strip()
        if not text:
            continue
        try:
            fields = next(csv.reader([text], delimiter=_delimiter(text), skipinitialspace=True, strict=True))
        except csv.Error:
            fields = []
        yield Line(number, text, tuple(fields))


def _delimiter(text: str) -> str:
    """The sign between the names of a line: a comma, or as spreadsheets write it a tab, or a semicolon."""
    if text.count("\t") > 1 and not _COMMA_AND_TAB.search(text):
        return "\t"
    return ";" if ";" in text and "," not in text else ","


def write_lines(path: str, rows: Iterable[Sequence[str]]) -> None:
    """Writes rows of names, whole or not at all. Mistake if that can't be."""
    try:
        folder = Path(path).parent
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix="_") as beside:
            draft = Path(beside) / "draft"
            with draft.open("w", encoding="utf-8", newline="\n") as file:
                file.writelines(",".join(map(quoted, names)) + "\n" for names in rows)
            draft.replace(path)
    except (OSError, ValueError) as error:
        raise Mistake(f"--file {path}: {getattr(error, 'strerror', None) or error}") from error


def quoted(name: str) -> str:
    """A name as it stands between the commas of a line."""
    return '"' + name.replace('"', '""') + '"' if _QUOTED.search(name) else name


def _decoded(data: bytes) -> str:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")
