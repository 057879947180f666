"""Draws a picture of an archive to a file."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from artsim.archive import Archive
from artsim.gallery.compare import compare
from artsim.gallery.grids import contact_sheet
from artsim.gallery.maps import map_of_layout, reduced
from artsim.gallery.matches import matches
from artsim.gallery.options import REDUCED, PictureOptions
from artsim.gallery.overview import overview
from artsim.gallery.request import Picture, Request
from artsim.gallery.tree import dendrogram
from artsim.pictures.poster import check_format, save

_KINDS: dict[str, Callable[[Request], Picture]] = {
    "grid": contact_sheet,
    **dict.fromkeys(REDUCED, reduced),
    "map": map_of_layout,
    "dendrogram": dendrogram,
    "clusters": overview,
    "compare": compare,
    "matches": matches,
}


def picture(archive: Archive, options: PictureOptions) -> dict[str, Any]:
    """Draws the picture and writes it to ``out``; returns the report fields.

    Raises ``UserError`` if the archive lacks what the picture needs.
    """
    check_format(options.out)
    drawn = _KINDS[options.kind](Request(archive, options))
    save(drawn.image, options.out)
    return {
        "rows_in": drawn.considered,
        "rows_out": drawn.shown,
        "rows_failed": drawn.unreadable,
        "failures": {"unreadable image": drawn.unreadable} if drawn.unreadable else {},
        "kind": options.kind,
        "width": drawn.image.width,
        "height": drawn.image.height,
        "picture": str(Path(options.out).resolve()),
    }
