"""The duplicates that other jobs leave out, from a table of jobs.dedupe."""

import pyarrow as pa
import pyarrow.compute as pc

from artsim.archive.archive import Archive
from artsim.errors import UserError


def duplicate_ids(archive: Archive, name: str | None) -> frozenset[str]:
    """Returns the ids in ``duplicates/<name>`` that are not the representative of their group; none if name is None.

    Raises ``UserError`` if there is no finished table of this name.
    """
    if name is None:
        return frozenset()
    known = archive.names("duplicates")
    if name not in known:  # a name, never a path
        available = ", ".join(known) or "none yet; create them with jobs.dedupe"
        raise UserError(
            f"`without_duplicates` {name[:100]!r}: no such table of duplicates; the archive has {available}"
        )
    if archive.read_json(f"duplicates/{name}/_about.json") is None:
        raise UserError(f"`without_duplicates` {name}: this table is not finished; run jobs.dedupe again")
    ids: list[str] = []
    for rows in archive.table(f"duplicates/{name}").scan(["id", "representative"]):
        others: pa.Table = rows.filter(pc.invert(rows["representative"]))
        ids += others["id"].to_pylist()
    return frozenset(ids)
