"""The table of identifications as a CSV file for the person who reviews them."""

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from artsim.archive import Archive, Table, UserError
from artsim.archive.local_file import replacing
from artsim.archive.rejects import clean, safe_cell

COLUMNS = (
    *("status", "id", "title_of_id", "rank", "reference_id", "title", "artist", "similarity", "score", "method"),
    *("patches", "image", "page", "reference_image", "reference_page"),
)


def write_review_file(archive: Archive, reference: Archive, table: Table, path: str) -> str:
    """Writes all rows, partition by partition; returns the absolute path.

    No text is read as a formula by a spreadsheet. Raises ``UserError`` if the file can't be written.
    """
    try:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        with replacing(Path(path)) as draft, draft.open("w", newline="", encoding="utf-8-sig") as file:
            writer = csv.writer(file)
            writer.writerow(COLUMNS)
            for rows in table.scan():
                writer.writerows(_lines(archive, reference, rows.to_pylist()))
    except OSError as error:
        raise UserError(f"`csv` {path}: {error.strerror}") from error
    return str(Path(path).resolve())


def _lines(archive: Archive, reference: Archive, rows: list[dict[str, Any]]) -> Iterable[list[Any]]:
    own = _catalog(archive, {row["id"] for row in rows})
    others = _catalog(reference, {row["reference_id"] for row in rows} - {None})
    for row in sorted(rows, key=lambda row: (row["id"], row["rank"])):
        about, other, evidence = own.get(row["id"], {}), others.get(row["reference_id"], {}), row["evidence"] or {}
        values = {
            **row,
            "title_of_id": about.get("title"),
            "similarity": _rounded(row["similarity"]),
            "score": _rounded(row["score"]),
            "method": evidence.get("method"),
            "patches": evidence.get("patches"),
            "image": about.get("image_url"),
            "page": about.get("page_url"),
            "reference_image": other.get("image_url"),
            "reference_page": other.get("page_url"),
        }
        yield [_cell(values[column]) for column in COLUMNS]


def _catalog(archive: Archive, ids: set[str]) -> dict[str, dict[str, Any]]:
    columns = ["id", "title", "image_url", "page_url"]
    rows = archive.table("catalog").find(sorted(ids), columns) if ids else None
    return {} if rows is None else {row["id"]: row for row in rows.to_pylist()}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _cell(value: Any) -> Any:
    return safe_cell(clean(value)) if isinstance(value, str) else value
