"""Maps: artworks at the places of a layout or of a reduction of their vectors, moved apart where they would overlap."""

from collections.abc import Sequence

import numpy as np

from artsim.archive import UserError
from artsim.gallery.artworks import no_artwork, read_layout, space_of, vectors_of
from artsim.gallery.grids import in_cells
from artsim.gallery.request import Picture, Request, contained
from artsim.layouts.grid import grid
from artsim.layouts.methods import coordinates
from artsim.pictures.rows import shape_for
from artsim.pictures.spread import central_first, fit, side_for, spread
from artsim.pictures.tiles import Tile

_METHODS = {"pca": "principal components", "tsne": "t-SNE", "umap": "UMAP"}
_SMALLEST, _LARGEST = 1 / 128, 1 / 12  # of the width: the sides of pictures on a map
_SIDES = 24  # sides that are tried
_SHARES = (0.0, 0.15, 0.3, 0.45, 0.6, 0.75)  # of the way to an even grid
_BLOCK = 100  # cells that are assigned exactly
_COST = 0.5  # how much smaller pictures may be on a map that keeps its shape
_ALWAYS_SHOWN = 500  # pictures shrink until so many are all shown,
_MIN_SHOWN_SHARE, _SHRINK_FACTOR = 0.9, 0.88  # or this share of more
_NARROW, _WIDE = 0.85, 1.6  # width by height of a map
_MAX_ARTWORKS = 20_000


def map_of_layout(request: Request) -> Picture:
    """Draws the artworks at their places in a layout."""
    names = request.options.layout
    if names is None or len(names) != 1:
        known = ", ".join(request.archive.names("layouts"))
        raise UserError(f"`layout`: name one layout; the archive has {known or 'none yet; create one with jobs.map'}")
    places = read_layout(request.archive, names[0])
    ids = [identifier for identifier in request.ids() if identifier in places]
    if not ids:
        raise UserError(f"`layout` {names[0]}: it has none of these artworks; run jobs.map again")
    return scatter(request, ids, np.array([places[identifier] for identifier in ids], float), [names[0]])


def reduced(request: Request) -> Picture:
    """Draws a reduction of the vectors to two dimensions, as a grid or as a map: the kind is ``METHOD_FORM``."""
    method, _, form = request.options.kind.partition("_")
    options, members = request.options, request.members
    space = space_of(request.archive, options.features, options.seed)
    include_non_members = options.reduction == "global" and members is not None
    ids, vectors = vectors_of(
        space, members, include_non_members=include_non_members, public_only=options.public_only, seed=options.seed
    )
    if not ids:
        raise no_artwork(members, public_only=options.public_only)
    points = coordinates(vectors, method, seed=options.seed).astype(float)
    if include_non_members and members is not None:
        kept = [index for index, identifier in enumerate(ids) if identifier in members]
        ids, points = [ids[index] for index in kept], points[kept]
    about = [f"{_METHODS[method]} of {space.title}"]
    if include_non_members:
        about[0] += ", of the whole archive"
    if form == "grid":
        ids, points = zoomed(request, ids, points)
        return in_cells(request, ids, points, f"{len(ids):,} artworks arranged by similarity", about)
    if method != "pca":
        points = _rotate_to_landscape(points)
    return scatter(request, ids, points, about)


def scatter(request: Request, ids: Sequence[str], points: np.ndarray, about: Sequence[str]) -> Picture:
    """Draws artworks at points (n, 2), with y growing upwards."""
    ids, points = zoomed(request, ids, points)
    indices = request.limited(ids, _MAX_ARTWORKS)
    sizes = request.sizes([ids[index] for index in indices])
    drawn_ids = [ids[index] for index in indices if ids[index] in sizes]
    points = points[[index for index in indices if ids[index] in sizes]]
    body = request.frame.body
    canvas = (body, round(body / aspect_of(points)))
    colors, legend = request.colors(drawn_ids)
    boxes, *_ = arranged(points, [sizes[identifier] for identifier in drawn_ids], canvas, request.options.size)
    seen = boxes[boxes[:, 0] >= 0]
    left, top = (body - seen[:, 0].min() - (seen[:, 0] + seen[:, 2]).max()) // 2, -seen[:, 1].min()
    tiles = [
        Tile(identifier, x + left, y + top, width, height, colors.get(identifier))
        for identifier, (x, y, width, height) in zip(drawn_ids, boxes.tolist(), strict=True)
        if x >= 0
    ]
    words = request.words(f"Map of {len(ids):,} artworks", tiles, len(ids), about, legend)
    return Picture(
        request.drawn(tiles, max(tile.top + tile.height for tile in tiles), words),
        len(ids),
        len(tiles),
        len(indices) - len(drawn_ids),
    )


def arranged(
    points: np.ndarray,
    sizes: Sequence[tuple[int, int]],
    canvas: tuple[int, int],
    width: int,
    first: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray, int]:
    """Arranges pictures at points (n, 2) on a canvas of a poster of this width.

    Returns their boxes (see ``placed``), the points in pixels, and the side of the pictures. The points are moved
    toward an even grid as far as this makes the pictures larger, and up to 500 pictures are all shown, or nine tenths
    of more.
    """
    largest = min(_LARGEST * width, canvas[0] / 3, canvas[1] / 3)
    sides = np.unique(np.geomspace(_SMALLEST * width, largest, _SIDES).round().astype(int)).tolist()
    enough = 1.0 if len(points) <= _ALWAYS_SHOWN else _MIN_SHOWN_SHARE
    start, even = fit(points, canvas, sides[0]), _even(points, canvas)
    best, best_score = None, 0.0
    for share in _SHARES:
        moved = (1 - share) * start + share * even
        side, cost = side_for(moved, canvas, sides), 1 - _COST * share
        while best is None or side * cost > best_score:
            centers = np.clip(moved, side / 2, np.array(canvas) - side / 2)
            boxes = placed(centers, side, sizes, canvas, first)
            if (boxes[:, 0] >= 0).mean() >= enough:
                best, best_score = (boxes, centers, side), side * cost
                break
            if side * _SHRINK_FACTOR < sides[0]:
                break
            side = round(side * _SHRINK_FACTOR)
    return best or (boxes, centers, side)


def _even(points: np.ndarray, canvas: tuple[int, int]) -> np.ndarray:
    """A place for each point (n, 2) in a grid that fills the canvas; neighbors stay neighbors."""
    columns, rows = shape_for(len(points), canvas[0] / canvas[1])
    return (grid(points, columns=columns, block=_BLOCK) + 0.5) / [columns, rows] * canvas


def placed(
    centers: np.ndarray,
    side: int,
    sizes: Sequence[tuple[int, int]],
    canvas: tuple[int, int],
    first: np.ndarray | None = None,
) -> np.ndarray:
    """Left, top, width and height of each picture, int64 of shape (n, 4); left is -1 where there is no place.

    The pictures at the indices ``first`` are placed before the others.
    """
    wanted = np.array([contained(size, side, side) for size in sizes])
    gap = max(round(side / 14), 2)
    order = central_first(centers)
    if first is not None:
        order = np.concatenate([first, order[~np.isin(order, first)]])
    corners = spread(centers, wanted + gap, canvas, order)
    return np.hstack([np.where(corners < 0, -1, corners + gap // 2), wanted])


def aspect_of(points: np.ndarray) -> float:
    """Width by height of a map of points (n, 2), between 0.85 and 1.6."""
    low, high = np.quantile(points, [0.005, 0.995], axis=0)
    span = np.maximum(high - low, 1e-12)
    return float(np.clip(span[0] / span[1], _NARROW, _WIDE)) if len(points) > 2 else 1.3


def _rotate_to_landscape(points: np.ndarray) -> np.ndarray:
    """Turns points (n, 2), whose directions mean nothing, so that they are wider than high."""
    middle = points - points.mean(0)
    return middle @ np.linalg.svd(middle, full_matrices=False)[2].T


def zoomed(request: Request, ids: Sequence[str], points: np.ndarray) -> tuple[list[str], np.ndarray]:
    """The ids and points (n, 2) in the region of ``zoom``; all without it. Raises ``UserError`` if it is empty."""
    if request.options.zoom is None:
        return list(ids), points
    left, top, right, bottom = request.options.region
    low, high = np.quantile(points, [0.005, 0.995], axis=0)
    share = (points - low) / np.maximum(high - low, 1e-12)
    inside = (share >= [left, 1 - bottom]).all(1) & (share <= [right, 1 - top]).all(1)
    if not inside.any():
        raise UserError("`zoom`: there is no artwork in this region of the map; choose a larger one")
    return [identifier for identifier, keep in zip(ids, inside, strict=True) if keep], points[inside]
