"""Grids: a contact sheet in rows, or cells in which neighbors of a map stay together."""

from collections.abc import Mapping, Sequence

import numpy as np

from artsim.archive import UserError
from artsim.gallery.artworks import grid_layout, read_layout
from artsim.gallery.request import Picture, Request, contained
from artsim.layouts.grid import grid
from artsim.pictures.poster import Color
from artsim.pictures.rows import justified, shape_for
from artsim.pictures.tiles import Tile

_SMALLEST = 1 / 90  # of the width: the narrowest cell
_ASPECT = 1.3  # width by height of a grid
_GAP = 0.07  # of a cell


def contact_sheet(request: Request) -> Picture:
    """Draws all artworks: in the cells of a layout of the method grid, else in rows by artist and year."""
    names = request.options.layout
    if names is not None and len(names) != 1:
        raise UserError("`layout`: name one layout")
    name = names[0] if names else grid_layout(request.archive)
    ids = request.ids()
    if name is None:
        return _in_rows(request, ids)
    places = read_layout(request.archive, name)
    ids = [identifier for identifier in ids if identifier in places]
    if not ids:
        raise UserError(f"`layout` {name}: it has none of these artworks; run jobs.map again")
    points = np.array([places[identifier] for identifier in ids])
    return in_cells(request, ids, points, f"{len(ids):,} artworks", [f"ordered by {name}"])


def in_cells(request: Request, ids: Sequence[str], points: np.ndarray, title: str, about: Sequence[str]) -> Picture:
    """Draws artworks in cells near their points (n, 2), with y growing upwards."""
    indices = request.limited(ids, round(_SMALLEST**-2 / _ASPECT))
    sizes = request.sizes([ids[index] for index in indices])
    missing = len(indices) - len(sizes)
    indices = [index for index in indices if ids[index] in sizes]
    drawn_ids = [ids[index] for index in indices]
    colors, legend = request.colors(drawn_ids)
    aspect = float(np.clip(np.median([width / height for width, height in sizes.values()]), 0.75, 1.34))
    cells, columns, rows = _cells(points[indices], len(indices) == len(points), _ASPECT / aspect)
    body = request.frame.body
    cell_width = body / columns
    cell_height = cell_width / aspect
    tiles = _tiles(drawn_ids, cells, sizes, colors, cell_width, cell_height)
    words = request.words(title, tiles, len(ids), about, legend)
    return Picture(request.drawn(tiles, round(rows * cell_height), words), len(ids), len(tiles), missing)


def _cells(points: np.ndarray, whole: bool, aspect: float) -> tuple[np.ndarray, int, int]:
    """A cell of its own for each point, and the columns and rows; cells of a whole grid layout stay as they are."""
    if whole and (points == points.round()).all() and len(np.unique(points, axis=0)) == len(points):
        cells = np.abs(points - [points[:, 0].min(), points[:, 1].max()]).astype(np.int64)
        columns, rows = (cells.max(0) + 1).tolist()
        if columns * rows < 1.2 * len(points):
            return cells, columns, rows
    columns, rows = shape_for(len(points), aspect)
    return grid(points, columns=columns), columns, rows


def _tiles(
    ids: Sequence[str],
    cells: np.ndarray,
    sizes: Mapping[str, tuple[int, int]],
    colors: Mapping[str, Color],
    cell_width: float,
    cell_height: float,
) -> list[Tile]:
    tiles = []
    for identifier, (column, row) in zip(ids, cells.tolist(), strict=True):
        width, height = contained(sizes[identifier], cell_width * (1 - _GAP), cell_height * (1 - _GAP))
        left, top = (column + 0.5) * cell_width - width / 2, (row + 0.5) * cell_height - height / 2
        tiles.append(Tile(identifier, round(left), round(top), width, height, colors.get(identifier)))
    return tiles


def _in_rows(request: Request, ids: Sequence[str]) -> Picture:
    indices = request.limited(ids, round(_SMALLEST**-2 / _ASPECT))
    sizes = request.sizes([ids[index] for index in indices])
    drawn_ids = _by_artist(request, [ids[index] for index in indices if ids[index] in sizes])
    colors, legend = request.colors(drawn_ids)
    body = request.frame.body
    gap = max(round(0.0025 * request.options.size), 2)
    aspects = [sizes[identifier][0] / sizes[identifier][1] for identifier in drawn_ids]
    row_height = min((body * body / _ASPECT / sum(aspects)) ** 0.5, 0.2 * body)
    boxes = justified(aspects, body, row_height, gap)
    tiles = [Tile(identifier, *box, colors.get(identifier)) for identifier, box in zip(drawn_ids, boxes, strict=True)]
    height = max(tile.top + tile.height for tile in tiles)
    words = request.words(f"{len(ids):,} artworks", tiles, len(ids), ["by artist and year"], legend)
    return Picture(request.drawn(tiles, height, words), len(ids), len(tiles), len(indices) - len(drawn_ids))


def _by_artist(request: Request, ids: Sequence[str]) -> list[str]:
    rows = request.archive.table("catalog").find(ids, ["id", "artist", "year_from"])
    known = {row["id"]: row for row in rows.to_pylist()} if rows else {}

    def key(identifier: str) -> tuple[bool, str, int, str]:
        row = known.get(identifier, {})
        return not row.get("artist"), row.get("artist") or "", row.get("year_from") or 9999, identifier

    return sorted(ids, key=key)
