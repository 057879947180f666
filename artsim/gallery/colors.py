"""Colors of frames: the commonest values of a catalog column, spans of years, or clusters."""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from artsim.archive import CATALOG, Archive, UserError
from artsim.pictures.poster import Color, Legend

# Paul Tol's muted scheme (SRON/EPS/TN/09-002), which color-blind people can tell apart, in another order.
PALETTE: tuple[Color, ...] = (
    (204, 102, 119),
    (51, 34, 136),
    (221, 204, 119),
    (17, 119, 51),
    (136, 204, 238),
    (136, 34, 85),
    (68, 170, 153),
    (153, 153, 51),
    (170, 68, 153),
    (102, 136, 187),
)
OTHER: Color = (203, 198, 188)
_YEARS: tuple[Color, ...] = ((66, 41, 104), (58, 92, 140), (45, 140, 138), (106, 184, 101), (226, 196, 70))
_COLUMNS = ("artist", "style", "type", "technique", "location", "school", "source", "rights")


def colors_of(
    archive: Archive, ids: Sequence[str], column: str, clusters: Mapping[str, int] | None
) -> tuple[dict[str, Color], Legend]:
    """The color of each id by a column of the catalog, by ``year`` or by ``cluster``, and the legend.

    The ten commonest values have a color of their own. Raises ``UserError`` if there is no such column.
    """
    if column == "cluster":
        if clusters is None:
            raise UserError("`color` cluster: name the clustering with `cluster`")
        names = {identifier: str(number) for identifier in ids if (number := clusters.get(identifier, -1)) >= 0}
        return _by_value(ids, names, "cluster", "none")
    source = "year_from" if column == "year" else column
    if source not in CATALOG.names or (column != "year" and column not in _COLUMNS):
        raise UserError(f"`color` {column[:100]}: choose one of {', '.join((*_COLUMNS, 'year', 'cluster'))}")
    rows = archive.table("catalog").find(ids, ["id", source])
    pairs = zip(rows["id"].to_pylist(), rows[source].to_pylist(), strict=True) if rows else ()
    values = {identifier: value for identifier, value in pairs if value not in (None, "")}
    if not values:
        raise UserError(f"`color` {column}: none of these artworks has a value in this column of the catalog")
    if column == "year":
        return _by_year(ids, values)
    return _by_value(ids, values, column, "other or unknown")


def _by_value(ids: Sequence[str], values: Mapping[str, str], column: str, rest: str) -> tuple[dict[str, Color], Legend]:
    counts = Counter(values[identifier] for identifier in ids if identifier in values)
    common = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[: len(PALETTE)]
    of_value = {value: color for (value, _), color in zip(common, PALETTE, strict=False)}
    colors = {identifier: of_value.get(values.get(identifier, ""), OTHER) for identifier in ids}
    names, name_colors = list(of_value), list(of_value.values())
    if OTHER in colors.values():
        names, name_colors = [*names, rest], [*name_colors, OTHER]
    return colors, Legend(column, names, name_colors)


def _by_year(ids: Sequence[str], years: Mapping[str, int]) -> tuple[dict[str, Color], Legend]:
    known = np.array([years[identifier] for identifier in ids if identifier in years])
    edges = np.unique(np.quantile(known, np.linspace(0, 1, len(_YEARS) + 1)[1:-1]).round())
    span = np.searchsorted(edges, known, side="right")
    colors = dict.fromkeys(ids, OTHER)
    for identifier, year in years.items():
        colors[identifier] = _YEARS[int(np.searchsorted(edges, year, side="right"))]
    used = np.unique(span)
    names = [f"{known[span == year_bin].min()}–{known[span == year_bin].max()}" for year_bin in used]
    bin_colors = [_YEARS[year_bin] for year_bin in used]
    if len(known) < len(ids):
        names, bin_colors = [*names, "unknown"], [*bin_colors, OTHER]
    return colors, Legend("year", names, bin_colors)
