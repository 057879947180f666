"""An overview of a clustering: one row for each cluster, with its terms and its exemplars."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from artsim.archive import UserError
from artsim.gallery.artworks import Clustering
from artsim.gallery.request import Picture, Request
from artsim.pictures.lettering import FAINT
from artsim.pictures.poster import poster
from artsim.pictures.rows import fitting, in_row
from artsim.pictures.tiles import Tile, paste

_ROWS, _MAX_ROWS = 24, 200  # clusters that are shown
_TEXT = 0.2  # of the width: the words of a cluster
_HEIGHT = 0.062  # of the width: a row of pictures
_CANDIDATES = 24  # artworks of a cluster that are considered


@dataclass(frozen=True)
class _Row:
    number: int
    size: int
    tiles: list[Tile]
    height: int


def overview(request: Request) -> Picture:
    """Draws the largest clusters, each with its terms and as many of its most typical artworks as its row holds."""
    clustering = request.clustering
    if clustering is None or clustering.chosen is not None:
        known = ", ".join(request.archive.names("clusters"))
        raise UserError(
            f"`cluster`: name a clustering, without a number; the archive has "
            f"{known or 'none yet; create one with jobs.cluster'}"
        )
    drawable = {identifier for identifier in request.ids() if clustering.numbers.get(identifier, -1) >= 0}
    if not drawable:
        raise UserError(f"`cluster` {clustering.name}: it has no cluster with an artwork that can be shown")
    counts = Counter(clustering.numbers[identifier] for identifier in drawable)
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[
        : min(request.options.limit or _ROWS, _MAX_ROWS)
    ]
    typical = _typical(request, clustering, drawable)
    candidates = {number: typical[number][:_CANDIDATES] for number, _ in ordered}
    sizes = request.sizes([identifier for ids in candidates.values() for identifier in ids])
    frame = request.frame
    rows, top, gap = list[_Row](), 0, round(0.012 * frame.width)
    for number, size in ordered:
        ids = [identifier for identifier in candidates[number] if identifier in sizes]
        if not ids:
            continue
        tiles, height = _row(ids, sizes, request, top)
        rows.append(_Row(number, size, tiles, height))
        top += height + gap
    tiles = [tile for row in rows for tile in row.tiles]
    noise = sum(number < 0 for number in clustering.numbers.values())
    about = [f"the {len(rows)} largest"] if len(rows) < len(counts) else []
    about += [clustering.name, *([f"{noise:,} artworks in no cluster"] if noise else [])]
    words = request.words(f"{len(counts)} clusters", tiles, len(drawable), about)
    image, left, head = poster(frame.width, max(top - gap, 1), words)
    paste(request.archive, image, tiles, left, head)
    title, small = frame.face(0.0105, bold=True), frame.face(0.0082)
    y = head
    for row in rows:
        description = clustering.about.get(row.number, {})
        width = frame.body * _TEXT - 0.02 * frame.width
        terms = ", ".join(map(str, description.get("terms", [])[:6]))
        lines = title.wrapped(terms or f"Cluster {row.number}", width, 2)
        below = [f"{row.size:,} artworks" + (f" · cluster {row.number}" if terms else "")]
        below += [_most_frequent(description.get(key, [])) for key in ("artists", "styles")]
        line = y - round(0.15 * title.size)
        for text in lines:
            title.write(image, text, left, line)
            line += title.line
        for text in filter(None, below):
            if line + small.line <= y + row.height + gap // 2:
                small.write(image, small.fitted(text, width), left, line, FAINT)
                line += small.line
        y += row.height + gap
    return Picture(image, len(drawable), len(tiles), sum(map(len, candidates.values())) - len(sizes))


def _row(ids: Sequence[str], sizes: dict[str, tuple[int, int]], request: Request, top: int) -> tuple[list[Tile], int]:
    """The tiles of a row, as many as fit, and its height."""
    body = request.frame.body
    left = round(body * _TEXT)
    width, gap = body - left, max(round(0.003 * request.options.size), 2)
    aspects = [sizes[identifier][0] / sizes[identifier][1] for identifier in ids]
    high = _HEIGHT * request.options.size
    boxes = in_row(aspects[: fitting(aspects, width, high, gap)], width, high, gap, top)
    tiles = [
        Tile(identifier, left + x, top, wide, high) for identifier, (x, _, wide, high) in zip(ids, boxes, strict=False)
    ]
    return tiles, max(tile.height for tile in tiles)


def _typical(request: Request, clustering: Clustering, drawable: set[str]) -> dict[int, list[str]]:
    """The ids of each cluster: exemplars first, then by their distance to the exemplar or their probability."""
    ranked: dict[int, list[tuple[bool, float, str]]] = {}
    table = request.archive.table(f"clusters/{clustering.name}")
    for rows in table.scan(["id", "cluster", "probability", "distance", "exemplar"]):
        for row in rows.to_pylist():
            if row["id"] in drawable:
                rank_key = row["distance"] if row["distance"] is not None else -(row["probability"] or 0.0)
                ranked.setdefault(row["cluster"], []).append((not row["exemplar"], rank_key, row["id"]))
    return {number: [identifier for *_, identifier in sorted(entries)] for number, entries in ranked.items()}


def _most_frequent(counts: list[dict[str, Any]]) -> str:
    """The two commonest values, of records with value and count; empty if there are none."""
    return ", ".join(str(entry["value"]) for entry in counts[:2])
