"""The picture of identifications: a contact sheet with each artwork in a frame and its candidates beside it."""

import heapq
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from PIL import Image

from artsim.archive import Archive, Table
from artsim.identify.decision import IDENTIFIED, REVIEW
from artsim.pictures.captioned_pictures import captioned_pictures
from artsim.pictures.contact_sheet import Cell, artwork_cell, contact_sheet

_ROWS, _COLUMNS = 24, 8  # the most artworks, and candidates of each, that a picture shows
_SIDE = 240


def identifications_sheet(archive: Archive, reference: Archive, table: Table, name: str) -> Image.Image:
    """Draws artworks that have candidates: those to review, the likeliest first, then the least certain identified."""
    count = 0

    def artworks() -> Iterator[list[dict[str, Any]]]:
        nonlocal count
        for rows in table.scan(["id", "rank", "reference_id", "score", "status"]):  # all rows of an artwork together
            by_id: dict[str, list[dict[str, Any]]] = {}
            for row in rows.filter(pc.is_in(rows["status"], pa.array([IDENTIFIED, REVIEW]))).to_pylist():
                by_id.setdefault(row["id"], []).append(row)
            count += len(by_id)
            yield from (sorted(own, key=lambda row: row["rank"])[:_COLUMNS] for own in by_id.values())

    shown = heapq.nsmallest(
        _ROWS, artworks(), key=lambda rows: (rows[0]["status"] != REVIEW, _order(rows[0]), rows[0]["id"])
    )
    own = captioned_pictures(archive, [rows[0]["id"] for rows in shown], _SIDE)
    others = captioned_pictures(reference, sorted({row["reference_id"] for rows in shown for row in rows}), _SIDE)
    words = f"{len(shown)} of {count:,} artworks" if len(shown) < count else f"{len(shown)} artworks"
    lines = []
    for rows in shown:
        cell = artwork_cell(own[rows[0]["id"]])
        lines.append(
            (
                Cell(cell.image, [rows[0]["status"], *cell.lines]),
                [artwork_cell(others[row["reference_id"]], row["score"]) for row in rows],
            )
        )
    return contact_sheet(f"{name}: {words}, to review first", lines)


def _order(row: dict[str, Any]) -> float:
    return float(row["score"]) if row["status"] == IDENTIFIED else -float(row["score"])
