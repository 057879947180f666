"""What is known about artworks: columns of the catalog, and the groups that clusters are compared with."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from artsim.annotations.links import POSITIVE, components, read_links
from artsim.archive import CATALOG, Archive, UserError

LINKS = "links"


def catalog_columns(archive: Archive, ids: np.ndarray, columns: Sequence[str]) -> pd.DataFrame:
    """Returns columns of the catalog for ids, object (n,), in their order; what the catalog lacks is missing."""
    index = pd.Index(ids)
    found = []
    for rows in archive.table("catalog").scan(["id", *columns]):
        frame = rows.to_pandas()
        found.append(frame[frame["id"].isin(index)])
    known = pd.concat(found) if found else pd.DataFrame(columns=["id", *columns])
    return known.drop_duplicates("id").set_index("id").reindex(index)


def check_against(against: str | None) -> None:
    """Raises ``UserError`` unless this is links or a catalog column with values that artworks share."""
    columns = [name for name in CATALOG.names if name not in ("id", "title", "image_url", "page_url", "metadata")]
    if against not in (None, LINKS, *columns):
        raise UserError(f"`against` {against}: must be links or a catalog column: {', '.join(columns)}")


def known_groups(archive: Archive, ids: np.ndarray, against: str) -> np.ndarray:
    """Returns the known group of each id, int (n,), -1 for none: its component of POSITIVE links, or a column's value.

    Raises ``UserError`` if no artwork has one.
    """
    if against == LINKS:
        group_by_id = components(read_links(archive, POSITIVE)[0])
        groups = np.array([group_by_id.get(identifier, -1) for identifier in ids], np.int64)
    else:
        values = catalog_columns(archive, ids, [against])[against]
        values = values.where(values.notna() & (values.astype(str).str.strip() != ""))
        groups = np.asarray(pd.factorize(values)[0], np.int64)
    if not (groups >= 0).any():
        raise UserError(
            f"`against` {against}: none of these artworks has {'a link' if against == LINKS else 'a value'}"
        )
    return np.where(groups >= 0, np.unique(groups, return_inverse=True)[1] - int((groups < 0).any()), -1)
