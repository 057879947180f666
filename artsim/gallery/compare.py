"""Two maps side by side: the same artworks before and after, with lines to those that moved the most."""

import numpy as np

from artsim.archive import UserError
from artsim.gallery.artworks import read_layout
from artsim.gallery.colors import PALETTE
from artsim.gallery.maps import arranged, placed
from artsim.gallery.request import Picture, Request
from artsim.pictures.lettering import FAINT
from artsim.pictures.lines import Line, curve, draw_lines
from artsim.pictures.poster import Color, poster
from artsim.pictures.tiles import Tile, paste

_MAX_ARTWORKS = 400  # artworks on each map
_CELLS = 4  # regions along each side of the first map; one artwork of each is traced


def compare(request: Request) -> Picture:
    """Draws the artworks of two layouts twice; the second is turned and scaled onto the first (Procrustes)."""
    names = request.options.layout
    if names is None or len(names) != 2:
        known = ", ".join(request.archive.names("layouts"))
        raise UserError(f"`layout`: name two layouts; the archive has {known or 'none yet; create them with jobs.map'}")
    before, after = (read_layout(request.archive, name) for name in names)
    ids = [identifier for identifier in request.ids() if identifier in before and identifier in after]
    if len(ids) < 3:
        raise UserError(f"`layout` {' '.join(names)}: they have {len(ids)} of these artworks in common; 3 are needed")
    first, second = aligned(
        *(np.array([places[identifier] for identifier in ids], float) for places in (before, after))
    )
    indices = request.limited(ids, _MAX_ARTWORKS)
    sizes = request.sizes([ids[index] for index in indices])
    kept = [index for index in indices if ids[index] in sizes]
    drawn_ids = [ids[index] for index in kept]
    moved = np.linalg.norm(first[kept] - second[kept], axis=1)
    traced = _farthest_movers(first[kept], moved)
    colors, legend = request.colors(drawn_ids)
    frame = request.frame
    between = round(0.05 * frame.width)
    side = (frame.body - between) // 2
    canvas = (side, round(1.1 * side))
    shapes = [sizes[identifier] for identifier in drawn_ids]
    maps = [arranged(points[kept], shapes, canvas, frame.width, traced) for points in (first, second)]
    edge = min(edge for *_, edge in maps)
    offsets = (0, side + between)
    panels = [placed(centers, edge, shapes, canvas, traced) for _, centers, _ in maps]
    visible = (panels[0][:, 0] >= 0) & (panels[1][:, 0] >= 0)
    small = frame.face(0.012, bold=True)
    head = round(1.6 * small.line)
    tiles: list[Tile] = []
    lines: dict[Color, list[Line]] = {}
    trace = {int(index): PALETTE[place % len(PALETTE)] for place, index in enumerate(traced) if visible[index]}
    for panel, offset in zip(panels, offsets, strict=True):
        for index in np.flatnonzero(visible).tolist():
            x, y, width, height = panel[index].tolist()
            color = colors.get(drawn_ids[index], trace.get(index))
            tiles.append(Tile(drawn_ids[index], x + offset, head + y, width, height, color))
    words = request.words(
        "Before and after", tiles, len(ids), ["lines follow the artwork of each region that moved the most"], legend
    )
    image, left, top = poster(frame.width, head + canvas[1], words)
    for index, color in trace.items():
        (x, y, width, height), (to_x, to_y, _, to_height) = (panel[index].tolist() for panel in panels)
        start = (left + x + width, top + head + y + height / 2)
        end = (left + offsets[1] + to_x, top + head + to_y + to_height / 2)
        lines.setdefault(colors.get(drawn_ids[index], color), []).append(curve(start, end))
    half = len(tiles) // 2
    paste(request.archive, image, tiles[:half], left, top)
    paste(request.archive, image, tiles[half:], left, top)
    draw_lines(image, lines, 2 * frame.line, 0.75)
    for name, offset in zip(names, offsets, strict=True):
        small.write(image, small.fitted(name, side), left + offset, top, FAINT)
    return Picture(image, len(ids), half, len(indices) - len(kept))


def _farthest_movers(points: np.ndarray, moved: np.ndarray) -> np.ndarray:
    """The index of the point (n, 2) that ``moved`` (n,) the most in each region of the map that has one."""
    low, span = points.min(0), np.maximum(np.ptp(points, axis=0), 1e-12)
    cells = np.minimum((points - low) / span * _CELLS, _CELLS - 1).astype(int) @ [1, _CELLS]
    order = np.argsort(-moved, kind="stable")
    return order[np.unique(cells[order], return_index=True)[1]]


def aligned(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both maps (n, 2) centered and scaled, the second turned or mirrored onto the first (orthogonal Procrustes)."""
    from scipy.linalg import orthogonal_procrustes

    units = [points - points.mean(0) for points in (first, second)]
    units = [points / max(float(np.linalg.norm(points)), 1e-12) for points in units]
    turn, _ = orthogonal_procrustes(units[1], units[0])
    return units[0], units[1] @ turn
