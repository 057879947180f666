"""The class of each artwork for a map that keeps classes together: values of a catalog column, or linked artworks."""

import numpy as np

from artsim.annotations.links import POSITIVE, components, read_links
from artsim.archive import CATALOG, Archive, UserError

_LINKS = "links"
_COLUMNS = [name for name in CATALOG.names if name not in ("id", "image_url", "page_url", "metadata")]


def labels_of(archive: Archive, ids: np.ndarray, by: str | None) -> np.ndarray | None:
    """Returns the class of each id, int64 (n,), -1 if unknown; None if ``by`` is None.

    ``by`` is a column of the catalog, or ``links``: artworks connected by positive links are one class. Raises
    ``UserError`` if there is no such column, or fewer than two classes.
    """
    if by is None:
        return None
    if by == _LINKS:
        values: dict[str, object] = dict(components(read_links(archive, POSITIVE)[0]))
    elif by in _COLUMNS:
        rows = archive.table("catalog").find(ids.tolist(), ["id", by])
        values = {} if rows is None else dict(zip(rows["id"].to_pylist(), rows[by].to_pylist(), strict=True))
    else:
        raise UserError(f"`by` {by}: choose links or a column: {', '.join(_COLUMNS)}")
    known = [values.get(identifier) for identifier in ids]
    classes = {value: number for number, value in enumerate(sorted({v for v in known if v not in (None, "")}, key=str))}
    if len(classes) < 2:
        raise UserError(f"`by` {by}: the artworks have {len(classes)} different values; the map needs two or more")
    return np.array([classes.get(value, -1) for value in known], np.int64)
