"""The picture of the groups: a contact sheet with the representative of each group in a frame."""

from itertools import groupby

from PIL import Image

from artsim.archive import Archive
from artsim.pictures.captioned_pictures import captioned_pictures
from artsim.pictures.contact_sheet import artwork_cell, contact_sheet

_ROWS, _COLUMNS = 24, 8  # the most groups, and duplicates of each, that a picture shows
_SIDE = 240


def groups_sheet(archive: Archive, table: str, name: str) -> Image.Image:
    """Draws the groups of a table of duplicates, the least certain first, each with its largest image on the left."""
    rows = [row for part in archive.table(table).scan() for row in part.to_pylist()]
    rows.sort(key=lambda row: (row["group"], not row["representative"], row["confidence"], row["id"]))
    groups = [list(members) for _, members in groupby(rows, key=lambda row: row["group"])]
    groups.sort(key=lambda members: members[1]["confidence"])
    drawn_groups = [members[: 1 + _COLUMNS] for members in groups[:_ROWS]]
    pictures = captioned_pictures(archive, [row["id"] for members in drawn_groups for row in members], _SIDE)
    count = (
        f"{len(drawn_groups)} of {len(groups)} groups" if len(drawn_groups) < len(groups) else f"{len(groups)} groups"
    )
    return contact_sheet(
        f"Duplicates {name}: {count}, the least certain first",
        [
            (
                artwork_cell(pictures[members[0]["id"]]),
                [artwork_cell(pictures[row["id"]], row["confidence"]) for row in members[1:]],
            )
            for members in drawn_groups
        ],
    )
