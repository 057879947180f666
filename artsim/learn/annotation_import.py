"""A file of annotations into the archive, and out of it again."""

import logging
import re
from collections.abc import Sequence
from typing import Any

from artsim.archive import Archive, Mistake
from artsim.learn.annotation_names import file_names, find_names
from artsim.learn.annotation_rejects import keep_rejects
from artsim.learn.annotation_text import Line, read_lines, write_lines
from artsim.learn.annotation_works import open_to_everyone
from artsim.learn.annotations import IMAGES, add_annotations, read_annotations
from artsim.sources.record import Reject

_SHOWN = 5  # of the lines that can't be taken, on stderr
_HEADER = ("anchor", "positive")
_MODE = re.compile(r"# mode: (random|near|uncertain)")  # the first line of a file that a drawn page downloads


def import_annotations(
    archive: Archive, path: str, *, annotator: str, mode: str | None, collection: str | None, public_only: bool
) -> dict[str, Any]:
    """Adds what one person judged, from a file in the museums' text format; the run's share of the report.

    Lines that can't be taken are kept aside with their reason: no nine names, a name that is unknown or ambiguous,
    an image twice. ``collection`` says whose file names they are, ``mode`` how the nine were drawn; without it the
    first line of the file counts (``# mode: near``), else it is unknown.
    """
    lines = [line for line in read_lines(path) if not (line.number == 1 and line.fields[:2] == _HEADER)]
    if lines and (drawn := _MODE.fullmatch(lines[0].text)):
        lines, mode = lines[1:], mode or drawn[1]
    if not lines:
        raise Mistake(f"--file {path}: there is no annotation in it")
    nine = [line for line in lines if len(line.fields) == IMAGES]
    names = {name for line in nine for name in line.fields}
    meant = find_names(archive, names | {name.strip() for name in names}, collection, public_only)
    meant = {name: meant[name] or meant[name.strip()] for name in names}
    taken, rejects = [], []
    for line in lines:
        reason = _problem(line, meant)
        if reason:
            rejects.append(Reject.of(line.number, reason, line.text))
        else:
            taken.append([meant[name][0] for name in line.fields])
    added = add_annotations(archive, annotator, taken, mode or "unknown")
    for reject in rejects[:_SHOWN]:
        logging.warning("%s, line %s: %s", path, reject.line, reject.reason)
    kept = keep_rejects(archive.store, rejects)
    if len(rejects) > _SHOWN:
        logging.warning("and %d lines more, see %s", len(rejects) - _SHOWN, kept["rejects"])
    return {"rows_in": len(lines), "rows_out": added, "rows_there": len(taken) - added, **kept}


def export_annotations(
    archive: Archive, path: str, *, annotators: Sequence[str] | None, public_only: bool
) -> dict[str, Any]:
    """Writes annotations as a file in the museums' text format; the run's share of the report.

    An image goes by the name of its file, or by its id where other artworks have files of that name.
    """
    annotations = read_annotations(archive, annotators)
    there = len(annotations)
    if public_only:
        annotations = open_to_everyone(archive, annotations)
    names = file_names(archive, annotations.ids().tolist())
    write_lines(path, ([names[one] for one in nine] for nine in annotations.images))
    return {"rows_in": there, "rows_out": len(annotations), "rows_failed": 0, "file": path}


def _problem(line: Line, meant: dict[str, list[str]]) -> str | None:
    """Why a line is no annotation; the part before the colon is one of few."""
    if not line.fields:
        return "not nine names: a quote is not closed, or stands in the middle of a name"
    if len(line.fields) != IMAGES:
        return f"not nine names: {len(line.fields)}{' (between commas)' * (len(line.fields) == 1)}"
    for name in line.fields:
        if not meant[name]:
            return f"unknown image: {name!r}"
        if len(meant[name]) > 1:
            return f"ambiguous image: {name!r} may be {', '.join(meant[name])}"
    twice = [
        name for index, name in enumerate(line.fields) if meant[name] in [meant[one] for one in line.fields[:index]]
    ]
    return f"an image twice: {twice[0]!r}" if twice else None
