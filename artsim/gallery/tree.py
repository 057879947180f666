"""A tree of artworks: Ward's clustering of their vectors, drawn around its root with the artworks at the leaves."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from artsim.archive import UserError
from artsim.gallery.artworks import no_artwork, space_of, vectors_of
from artsim.gallery.colors import PALETTE
from artsim.gallery.request import Picture, Request, contained
from artsim.metrics.vectors import unit_length
from artsim.pictures.lines import Line, draw_lines
from artsim.pictures.poster import Color, poster
from artsim.pictures.tiles import Tile, paste

_LEAVES, _MAX_LEAVES = 120, 500
_ONE_RING = 40  # leaves beyond which they stand in two rings
_BRANCHES = 8  # branches of a color of their own
_TRUNK: Color = (128, 120, 110)


@dataclass(frozen=True)
class _Node:
    """A node of the tree: its angle, its distance from the root as a share of the radius, its two nodes."""

    angle: float
    share: float
    children: tuple["_Node", ...] = ()
    color: Color | None = None


def dendrogram(request: Request) -> Picture:
    """Draws the tree of a seeded sample of the archive or of a cluster (Ward, 1963)."""
    from scipy.cluster.hierarchy import fcluster, linkage

    options, members = request.options, request.members
    space = space_of(request.archive, options.features, options.seed)
    ids, vectors = vectors_of(
        space, members, include_non_members=False, public_only=options.public_only, seed=options.seed
    )
    if not ids:
        raise no_artwork(members, public_only=options.public_only)
    indices = request.limited(ids, min(options.limit or _LEAVES, _MAX_LEAVES))
    sizes = request.sizes([ids[index] for index in indices])
    kept = [index for index in indices if ids[index] in sizes]
    if len(kept) < 2:
        raise UserError("`kind` dendrogram: needs at least two artworks with an image and a vector")
    drawn_ids = [ids[index] for index in kept]
    merges = linkage(unit_length(vectors[kept]), "ward", optimal_ordering=True)
    branch = fcluster(merges, min(_BRANCHES, len(drawn_ids)), "maxclust")
    root, order = _nodes(merges, branch)
    colors, legend = request.colors(drawn_ids)
    body = request.frame.body
    rings = 1 if len(drawn_ids) <= _ONE_RING else 2
    radius, slot_diameter = _ring(body, len(drawn_ids), rings)
    tiles = []
    for place, leaf in enumerate(order):
        angle, identifier = _angle(place, len(order)), drawn_ids[leaf]
        distance = radius + (0.5 + 1.04 * (place % rings)) * slot_diameter
        width, height = _within_circle(sizes[identifier], slot_diameter * 0.98)
        x, y = body / 2 + distance * math.cos(angle), body / 2 + distance * math.sin(angle)
        color = colors.get(identifier, _color_of(branch, order, leaf))
        tiles.append(Tile(identifier, round(x - width / 2), round(y - height / 2), width, height, color))
    words = request.words("Tree of artworks", tiles, len(ids), [f"Ward's clustering of {space.title}"], legend)
    image, left, top = poster(options.size, body, words)
    lines = _lines(root, radius, (left + body / 2, top + body / 2))
    for place in range(len(order)):
        angle = _angle(place, len(order))
        reach = radius + (0.5 + 1.04 * (place % rings)) * slot_diameter
        ends = [(left + body / 2 + r * math.cos(angle), top + body / 2 + r * math.sin(angle)) for r in (radius, reach)]
        lines.setdefault(_color_of(branch, order, order[place]), []).append(ends)
    draw_lines(image, lines, 2 * request.frame.line)
    paste(request.archive, image, tiles, left, top)
    return Picture(image, len(ids), len(tiles), len(indices) - len(kept))


def _ring(body: int, leaves: int, rings: int) -> tuple[float, float]:
    """The radius of the tree and the diameter of the circle that each artwork has around it."""
    outer = body / 2
    arc = rings * 2 * math.pi / leaves  # between neighbors in a ring
    slot_diameter = min(outer * arc / (1 + arc * (rings * 1.04 - 0.5)), 0.36 * outer)
    return outer - slot_diameter * (1 + 1.04 * (rings - 1)), slot_diameter


def _within_circle(size: tuple[int, int], diameter: float) -> tuple[int, int]:
    scale = diameter / math.hypot(*size)
    return contained(size, size[0] * scale, size[1] * scale)


def _angle(place: float, leaves: int) -> float:
    return 2 * math.pi * (place + 0.5) / leaves - math.pi / 2


def _color_of(branch: np.ndarray, order: Sequence[int], leaf: int) -> Color:
    """The color of a leaf's branch; branches are numbered in the order of the leaves."""
    numbers = list(dict.fromkeys(branch[list(order)].tolist()))
    return PALETTE[numbers.index(int(branch[leaf])) % len(PALETTE)]


def _nodes(merges: np.ndarray, branch: np.ndarray) -> tuple[_Node, list[int]]:
    """The root of the tree of scipy's linkage, and the leaves in its order."""
    from scipy.cluster.hierarchy import leaves_list

    order = leaves_list(merges).tolist()
    count, highest = len(order), max(float(merges[-1, 2]), 1e-12)
    places = np.argsort(order).tolist()
    nodes = [_Node(_angle(place, count), 1.0, (), _color_of(branch, order, leaf)) for leaf, place in enumerate(places)]
    members: list[set[int]] = [{int(number)} for number in branch]
    for left, right, height, _ in merges:
        pair = (nodes[int(left)], nodes[int(right)])
        groups = members[int(left)] | members[int(right)]
        color = pair[0].color if len(groups) == 1 else None
        share = 1 - (height / highest) ** 0.8
        nodes.append(_Node((pair[0].angle + pair[1].angle) / 2, share, pair, color))
        members.append(groups)
    return nodes[-1], order


def _lines(root: _Node, radius: float, middle: tuple[float, float]) -> dict[Color, list[Line]]:
    """An arc for each node and a line along the radius for each of its children, by color."""
    lines: dict[Color, list[Line]] = {}

    def point(share: float, angle: float) -> tuple[float, float]:
        return middle[0] + radius * share * math.cos(angle), middle[1] + radius * share * math.sin(angle)

    pending = [root]
    while pending:
        node = pending.pop()
        if not node.children:
            continue
        start, end = sorted(child.angle for child in node.children)
        pieces = max(int((end - start) * 60), 2)
        arc = [point(node.share, start + (end - start) * piece / pieces) for piece in range(pieces + 1)]
        lines.setdefault(node.color or _TRUNK, []).append(arc)
        for child in node.children:
            spoke = [point(node.share, child.angle), point(child.share, child.angle)]
            lines.setdefault(child.color or _TRUNK, []).append(spoke)
        pending += node.children
    return lines
