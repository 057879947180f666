"""A file of links into the archive: CSV with a header, of EPFL's morphograph or with the columns of the table."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from artsim.archive import Archive, Mistake
from artsim.learn.annotation_rejects import keep_rejects
from artsim.learn.annotation_text import Line, read_lines
from artsim.learn.annotations import check_annotator
from artsim.learn.links import Link, add_links
from artsim.sources.record import Reject

_NAMES = {  # of the table's columns, in the files
    "id_a": ("id_a", "img1"),
    "id_b": ("id_b", "img2"),
    "verdict": ("verdict", "type"),
    "source": ("source", "cluster_file"),
    "created_at": ("created_at", "date"),
}


class _Bad(Exception):
    """A line that is no link; the text says why."""


def import_links(archive: Archive, path: str, *, annotator: str, collection: str | None) -> dict[str, Any]:
    """Adds the links of a file; the run's share of the report.

    Ids are taken as they stand, below ``collection`` if it is given. A link of an id that the catalog lacks is a link
    all the same, and counted. Mistake if the header has no columns for two images and a verdict.
    """
    check_annotator(annotator)
    header, *lines = list(read_lines(path)) or [Line(1, "", ())]
    columns = _columns(header, path)
    links, rejects = [], []
    for line in lines:
        try:
            links.append(_link(line, len(header.fields), columns, annotator, collection))
        except _Bad as bad:
            rejects.append(Reject.of(line.number, str(bad), line.text))
    ids = {one for link in links for one in (link.id_a, link.id_b)}
    found = archive.table("catalog").find(sorted(ids), ["id"])
    known = set() if found is None else set(found["id"].to_pylist())
    added = add_links(archive, links)
    return {
        "rows_in": len(lines),
        "rows_out": added,
        "rows_there": len(links) - added,
        "rows_unknown": sum(not {link.id_a, link.id_b} <= known for link in links),
        **keep_rejects(archive.store, rejects),
    }


def _columns(header: Line, path: str) -> Mapping[str, int]:
    columns = {}
    for name, known in _NAMES.items():
        at = [index for index, field in enumerate(header.fields) if field.strip().lower() in known]
        if at:
            columns[name] = at[0]
        elif name in ("id_a", "id_b", "verdict"):
            raise Mistake(
                f"--file {path}: the first line names no column {' or '.join(known)}, so this is no file of links"
            )
    return columns


def _link(line: Line, width: int, columns: Mapping[str, int], annotator: str, collection: str | None) -> Link:
    if len(line.fields) != width:
        raise _Bad(f"not as many fields as the header: {len(line.fields)}")
    given = {name: line.fields[at].strip() for name, at in columns.items()}
    if not all(given[name] for name in ("id_a", "id_b", "verdict")):
        raise _Bad("an image or the verdict is missing")
    if given["id_a"] == given["id_b"]:
        raise _Bad("an image linked to itself")
    id_a, id_b = (given[name] if collection is None else f"{collection}:{given[name]}" for name in ("id_a", "id_b"))
    return Link(
        id_a, id_b, given["verdict"].upper(), annotator, given.get("source") or None, _time(given.get("created_at"))
    )


def _time(text: str | None) -> datetime | None:
    """The morphograph's ``day-month-year_hours:minutes:seconds``, or ISO 8601; UTC where it does not say."""
    if not text:
        return None
    text = re.sub(r"^(\d\d)-(\d\d)-(\d{4})_", r"\3-\2-\1T", text)
    try:
        time = datetime.fromisoformat(text)
    except ValueError as error:
        raise _Bad(f"no date: {text!r}") from error
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
