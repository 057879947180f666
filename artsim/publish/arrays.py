"""The answers of the server's API that are sent once, as files: description, columns, layouts, clusters, atlas."""

import io
from typing import Any

import numpy as np
from PIL import Image

from artsim.publish.draft import Draft
from artsim.web.atlas import Grid
from artsim.web.columns import Category
from artsim.web.site import Site


def write_arrays(site: Site, described: dict[str, Any], draft: Draft) -> None:
    """Writes the arrays below ``api/``. Layouts, clusters, labels and duplicates are named by their place in lists.

    ``described`` is the content of ``api/archive.json``.
    """
    draft.write_json("api/archive.json", described)
    for name in site.columns.categories:
        _write_category(draft, f"api/columns/{name}", site.columns.category(name))
    for name in site.columns.numbers:
        _write_array(draft, f"api/columns/{name}", site.columns.number(name))
    for place, layout in enumerate(described["layouts"]):
        _write_array(draft, f"api/layouts/{place}", site.groups.places(layout["name"]))
    for place, clusters in enumerate(described["clusters"]):
        _write_array(draft, f"api/clusters/{place}", site.groups.clusters(clusters["name"]))
        draft.write_json(f"api/clusters/{place}-info.json", site.groups.cluster_info(clusters["name"]))
    for place, labels in enumerate(described["labels"]):
        for number, task in enumerate(labels["tasks"]):
            _write_category(draft, f"api/labels/{place}-{number}", site.groups.label(labels["name"], task))
    for place, name in enumerate(described["duplicates"]):
        draft.write_json(f"api/duplicates/{place}.json", site.groups.duplicates(name))
    colors = np.empty((len(site.collection), 3), np.uint8)
    for number in range(site.atlas.grid.pages):
        page = site.atlas.page(number)
        draft.write(f"api/atlas/{number}.jpg", page)
        cells = slice(number * site.atlas.grid.per_page, (number + 1) * site.atlas.grid.per_page)
        colors[cells] = _mean_colors(page, site.atlas.tiles[cells], site.atlas.grid)
    _write_array(draft, "api/colors", colors)
    _write_array(draft, "api/tiles", site.atlas.tiles)


def little_endian(values: np.ndarray) -> bytes:
    """Returns the bytes of an array as browsers read them."""
    return np.ascontiguousarray(values).astype(values.dtype.newbyteorder("<")).tobytes()


def _mean_colors(page: bytes, tiles: np.ndarray, grid: Grid) -> np.ndarray:
    """Returns the mean colors of tiles, uint8 (n, 3), from a page of the atlas and their sizes, uint8 (n, 2)."""
    pixels = np.asarray(Image.open(io.BytesIO(page), formats=("JPEG",)).convert("RGB"))
    colors = np.empty((len(tiles), 3), np.uint8)
    for cell, (width, height) in enumerate(tiles.tolist()):
        top, left = (place * grid.tile for place in divmod(cell, grid.columns))
        colors[cell] = pixels[top : top + height, left : left + width].mean(axis=(0, 1)).round()
    return colors


def _write_array(draft: Draft, name: str, values: np.ndarray) -> None:
    draft.write(f"{name}.bin", little_endian(values))


def _write_category(draft: Draft, name: str, category: Category) -> None:
    _write_array(draft, name, category.codes)
    rows = zip(category.values, category.counts, strict=True)
    draft.write_json(f"{name}-values.json", [{"value": value, "count": count} for value, count in rows])
