"""The duplicates that other jobs leave out, from a table of jobs.dedupe."""

import pyarrow as pa
import pyarrow.compute as pc

from artsim.archive.archive import Archive
from artsim.errors import UserError


def duplicate_ids(archive: Archive, name: str | None, *, public_only: bool = False) -> frozenset[str]:
    """Returns the ids in ``duplicates/<name>`` that are not the representative of their group; none if name is None.

    Raises ``UserError`` if there is no finished table of this name, or if ``public_only`` and representatives may be
    protected: whole groups would be left out.
    """
    if name is None:
        return frozenset()
    known = archive.names("duplicates")
    if name not in known:  # a name, never a path
        available = ", ".join(known) or "none yet; create them with jobs.dedupe"
        raise UserError(
            f"`without_duplicates` {name[:100]!r}: no such table of duplicates; the archive has {available}"
        )
    about = archive.read_json(f"duplicates/{name}/_about.json", {"inputs": dict})
    if about is None:
        raise UserError(f"`without_duplicates` {name}: this table is not finished; run jobs.dedupe again")
    if public_only and about["inputs"].get("rights") != "public":
        raise UserError(
            f"`without_duplicates` {name}: its representatives may be protected artworks; "
            "run jobs.dedupe with `rights` public and another `name`"
        )
    ids: list[str] = []
    for rows in archive.table(f"duplicates/{name}").scan(["id", "representative"]):
        others: pa.Table = rows.filter(pc.invert(rows["representative"]))
        ids += others["id"].to_pylist()
    return frozenset(ids)
