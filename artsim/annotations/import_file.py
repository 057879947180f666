"""Imports annotation files into the archive and exports them again."""

import logging
import re
from collections.abc import Sequence
from typing import Any

from artsim.annotations.annotations import IMAGES, add_annotations, read_annotations
from artsim.annotations.artwork_names import file_names, find_names
from artsim.annotations.artworks import open_to_everyone
from artsim.annotations.text_format import Line, read_lines, write_lines
from artsim.archive import Archive, UserError
from artsim.archive.rejects import Reject, keep_rejects

_MAX_LOGGED = 5  # rejected lines that are logged
_HEADER = ("anchor", "positive")
_MODE = re.compile(r"# mode: (random|near|uncertain)")  # first line of a file from an annotation page


def import_annotations(
    archive: Archive, path: str, *, annotator: str, mode: str | None, collection: str | None, public_only: bool
) -> dict[str, Any]:
    """Adds one annotator's judgments from a file in the museums' text format; returns the run's part of the report.

    Rejected lines are written to a file with the reason: not nine names, unknown or ambiguous name, duplicate image.
    ``collection`` is the collection that the names belong to. ``mode`` is how the images were drawn; by default the
    first line of the file says it (``# mode: near``), else it is unknown.
    """
    lines = [line for line in read_lines(path) if not (line.number == 1 and line.fields[:2] == _HEADER)]
    if lines and (drawn := _MODE.fullmatch(lines[0].text)):
        lines, mode = lines[1:], mode or drawn[1]
    if not lines:
        raise UserError(f"`file` {path}: the file has no annotations")
    complete_lines = [line for line in lines if len(line.fields) == IMAGES]
    names = {name for line in complete_lines for name in line.fields}
    ids_of_name = find_names(archive, names | {name.strip() for name in names}, collection, public_only)
    ids_of_name = {name: ids_of_name[name] or ids_of_name[name.strip()] for name in names}
    accepted, rejects = [], []
    for line in lines:
        reason = _problem(line, ids_of_name)
        if reason:
            rejects.append(Reject.of(line.number, reason, line.text))
        else:
            accepted.append([ids_of_name[name][0] for name in line.fields])
    added = add_annotations(archive, annotator, accepted, mode or "unknown")
    for reject in rejects[:_MAX_LOGGED]:
        logging.warning("%s, line %s: %s", path, reject.line, reject.reason)
    kept = keep_rejects(archive.store, "annotations", rejects)
    if len(rejects) > _MAX_LOGGED:
        logging.warning("%d more lines were rejected, see %s", len(rejects) - _MAX_LOGGED, kept["rejects"])
    return {"rows_in": len(lines), "rows_out": added, "rows_there": len(accepted) - added, **kept}


def export_annotations(
    archive: Archive, path: str, *, annotators: Sequence[str] | None, public_only: bool
) -> dict[str, Any]:
    """Writes annotations to a file in the museums' text format; returns the run's part of the report.

    An image is written as its file name, or as its id if that name is ambiguous.
    """
    annotations = read_annotations(archive, annotators)
    count = len(annotations)
    if public_only:
        annotations = open_to_everyone(archive, annotations)
    names = file_names(archive, annotations.ids().tolist())
    write_lines(path, ([names[image] for image in image_ids] for image_ids in annotations.images))
    return {"rows_in": count, "rows_out": len(annotations), "rows_failed": 0, "file": path}


def _problem(line: Line, ids_of_name: dict[str, list[str]]) -> str | None:
    """Returns why a line is rejected, or None; the part before the colon is one of a few categories."""
    if not line.fields:
        return "not nine names: unclosed or misplaced quote"
    if len(line.fields) != IMAGES:
        return f"not nine names: {len(line.fields)}{' (separate names with commas)' * (len(line.fields) == 1)}"
    for name in line.fields:
        if not ids_of_name[name]:
            return f"unknown image: {name!r}"
        if len(ids_of_name[name]) > 1:
            return f"ambiguous image: {name!r} may be {', '.join(ids_of_name[name])}"
    duplicates = [
        name
        for index, name in enumerate(line.fields)
        if ids_of_name[name] in [ids_of_name[other] for other in line.fields[:index]]
    ]
    return f"duplicate image: {duplicates[0]!r}" if duplicates else None
