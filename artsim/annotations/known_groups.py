"""Groups of artworks that are known already: by a column of the catalog, or by the links of curators."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from artsim.annotations.links import POSITIVE, components, read_links
from artsim.archive import CATALOG, Archive, UserError

LINKS = "links"
_UNIQUE = ("id", "title", "image_url", "page_url", "metadata")  # columns whose values artworks hardly share


def check_source(source: str, option: str) -> None:
    """Raises ``UserError``, which names the option, unless ``source`` is links or a column that artworks share."""
    columns = [name for name in CATALOG.names if name not in _UNIQUE]
    if source not in (LINKS, *columns):
        raise UserError(f"`{option}` {source}: must be links or a catalog column: {', '.join(columns)}")


def known_groups(archive: Archive, ids: np.ndarray, source: str) -> np.ndarray:
    """Returns the group of each id, int64 (n,), numbered from 0, -1 for none.

    A group is a component of POSITIVE links, or the artworks with the same value of a catalog column.
    """
    if source == LINKS:
        component_of = components(read_links(archive, POSITIVE)[0])
        values = pd.Series([component_of.get(identifier) for identifier in ids])
    else:
        values = catalog_columns(archive, ids, [source])[source]
        values = values.where(values.astype("string").str.strip().fillna("") != "")
    return np.asarray(pd.factorize(values)[0], np.int64)


def catalog_columns(archive: Archive, ids: np.ndarray, columns: Sequence[str]) -> pd.DataFrame:
    """Returns columns of the catalog for ids, object (n,), in their order; what the catalog lacks is missing."""
    index = pd.Index(ids)
    frames = []
    for rows in archive.table("catalog").scan(["id", *columns]):
        frame = rows.to_pandas()
        frames.append(frame[frame["id"].isin(index)])
    known = pd.concat(frames) if frames else pd.DataFrame(columns=["id", *columns])
    return known.drop_duplicates("id").set_index("id").reindex(index)
