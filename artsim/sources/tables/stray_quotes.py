"""Distinguishes a CSV field with line breaks from one whose unmatched quote extends over the next rows."""

import csv
import re

_ADDRESS = re.compile(r"\s*(?:\w+://\S+|\S.*\.(?:jpe?g|jfif|png|gif|webp|tiff?|bmp|jp2|avif))\s*", re.IGNORECASE)
_CODE = re.compile(r"\s*\S*\d\S*\s*")  # numbers, accession numbers, dates of one word; not prose


class UnmatchedQuotes:
    """Looks for rows inside a record of several lines.

    A line inside is a row if it has as many fields as the header, and addresses, or else numbers, in the same fields
    as ``example``. ``example`` is a row that is known to be good; without one, the record's first line is used.
    """

    def __init__(self, delimiter: str, width: int) -> None:
        self._delimiter = delimiter
        self._width = width
        self.example: list[str] | None = None

    def occur_in(self, lines: list[str]) -> bool:
        """Whether the lines of one record hold several rows, or a quote that closes inside a field."""
        if len(lines) == 1:
            return False
        try:
            list(csv.reader(lines, delimiter=self._delimiter, strict=True))
        except csv.Error:
            return True
        example = self.example or self._split(lines[0])
        return any(self._is_row(line, example) for line in lines[1:])

    def _is_row(self, line: str, example: list[str]) -> bool:
        fields = self._split(line)
        if len(fields) != self._width or self._width == 1:
            return False
        if len(example) < self._width:
            return any(_ADDRESS.fullmatch(field) for field in fields)
        for kind in (_ADDRESS, _CODE):
            if places := [at for at, field in enumerate(example[: self._width]) if kind.fullmatch(field)]:
                return any(kind.fullmatch(fields[at]) for at in places)
        return False

    def _split(self, line: str) -> list[str]:
        """Return the fields of a single line; an unclosed quoted field ends with the line."""
        try:
            return next(csv.reader([line], delimiter=self._delimiter), [])
        except csv.Error:
            return []
