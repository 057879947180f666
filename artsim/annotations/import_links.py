"""Imports links from a CSV file with a header: EPFL's morphograph format, or the columns of the links table."""

import logging
import re
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from artsim.annotations.annotations import check_annotator
from artsim.annotations.artwork_names import find_names
from artsim.annotations.links import Link, add_links
from artsim.annotations.text_format import Line, read_lines
from artsim.archive import Archive, UserError
from artsim.archive.rejects import Reject, keep_rejects

_NAMES = {  # column of the table: its names in files
    "id_a": ("id_a", "img1"),
    "id_b": ("id_b", "img2"),
    "verdict": ("verdict", "type"),
    "source": ("source", "cluster_file"),
    "created_at": ("created_at", "date"),
}
_ID_COLUMNS = ("id_a", "id_b")
_MAX_LISTED = 5  # images missing from the catalog that the warning lists

_log = logging.getLogger(__name__)


class _InvalidLine(Exception):
    """A line that is not a link; the message says why."""


def import_links(archive: Archive, path: str, *, annotator: str, collection: str | None) -> dict[str, Any]:
    """Adds the links of a file; returns the run's report fields.

    Images are named as in annotations: by id, local id or file name, among those of ``collection`` if it is given. A
    link to an image that the catalog lacks is added too: the image's id is its name, prefixed with ``collection``. A
    warning counts such images. Raises a user error if the header has no columns for two images and a verdict.
    """
    check_annotator(annotator)
    header, *lines = list(read_lines(path)) or [Line(1, "", ())]
    columns = _columns(header, path)
    pairs, rejects = [], []
    for line in lines:
        try:
            pairs.append((line, _pair(line, len(header.fields), columns)))
        except _InvalidLine as error:
            rejects.append(Reject.of(line.number, str(error), line.text))
    names = dict.fromkeys(values[name] for _, values in pairs for name in _ID_COLUMNS)
    ids_of_name = _ids_of_names(archive, names, collection)
    links, unknown_rows = [], 0
    for line, values in pairs:
        try:
            links.append(_link(values, ids_of_name, annotator, collection))
            unknown_rows += not all(ids_of_name[values[name]] for name in _ID_COLUMNS)
        except _InvalidLine as error:
            rejects.append(Reject.of(line.number, str(error), line.text))
    added = add_links(archive, links)
    unknown = [name for name in names if not ids_of_name[name]]
    if unknown:
        _log.warning(
            "%s: %d of %d images are not in the catalog yet: %s%s",
            path,
            len(unknown),
            len(names),
            ", ".join(unknown[:_MAX_LISTED]),
            ", ..." if len(unknown) > _MAX_LISTED else "",
        )  # fmt: skip
    return {
        "rows_in": len(lines),
        "rows_out": added,
        "rows_there": len(links) - added,
        "rows_unknown": unknown_rows,
        **keep_rejects(archive.store, "annotations", sorted(rejects, key=lambda reject: int(reject.line))),
    }


def _ids_of_names(archive: Archive, names: Collection[str], collection: str | None) -> dict[str, list[str]]:
    """Returns the ids that each name may mean. An id in the catalog means itself, whatever the collection."""
    rows = archive.table("catalog").find(sorted(names), ["id"])
    ids = set() if rows is None else set(rows["id"].to_pylist())
    matches = find_names(archive, [name for name in names if name not in ids], collection)
    return {name: [name] if name in ids else matches[name] for name in names}


def _columns(header: Line, path: str) -> Mapping[str, int]:
    columns = {}
    for name, aliases in _NAMES.items():
        positions = [index for index, field in enumerate(header.fields) if field.strip().lower() in aliases]
        if positions:
            columns[name] = positions[0]
        elif name in ("id_a", "id_b", "verdict"):
            raise UserError(f"`file` {path}: the header has no column {' or '.join(aliases)}; a file of links needs it")
    return columns


def _pair(line: Line, width: int, columns: Mapping[str, int]) -> dict[str, str]:
    """Returns the values of a line by column."""
    if len(line.fields) != width:
        raise _InvalidLine(f"not as many fields as the header: {len(line.fields)}")
    values = {name: line.fields[index].strip() for name, index in columns.items()}
    if not all(values[name] for name in ("id_a", "id_b", "verdict")):
        raise _InvalidLine("an image or the verdict is missing")
    _time(values.get("created_at"))
    return values


def _link(
    values: Mapping[str, str], ids_of_name: Mapping[str, Sequence[str]], annotator: str, collection: str | None
) -> Link:
    id_a, id_b = (_id(values[name], ids_of_name[values[name]], collection) for name in _ID_COLUMNS)
    if id_a == id_b:
        raise _InvalidLine("an image linked to itself")
    return Link(
        id_a, id_b, values["verdict"].upper(), annotator, values.get("source") or None, _time(values.get("created_at"))
    )


def _id(name: str, ids_of_name: Sequence[str], collection: str | None) -> str:
    """Returns the id of an image: if the catalog lacks it, its name prefixed with the collection."""
    if len(ids_of_name) > 1:
        raise _InvalidLine(f"ambiguous image: {name!r} may be {', '.join(ids_of_name)}")
    if ids_of_name:
        return ids_of_name[0]
    return name if collection is None or name.startswith(f"{collection}:") else f"{collection}:{name}"


def _time(text: str | None) -> datetime | None:
    """Parses ISO 8601 or the morphograph's ``day-month-year_hours:minutes:seconds``; UTC if no zone is given."""
    if not text:
        return None
    text = re.sub(r"^(\d\d)-(\d\d)-(\d{4})_", r"\3-\2-\1T", text)
    try:
        time = datetime.fromisoformat(text)
    except ValueError as error:
        raise _InvalidLine(f"invalid date: {text!r}") from error
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
