"""Finds the artworks of an archive that have not been compared with the reference since something changed."""

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import pyarrow as pa
import pyarrow.compute as pc

from artsim.archive import Table, public_ids
from artsim.space.features import Space


@dataclass(frozen=True)
class ArtworksPartition:
    """A partition of the features, with the number of its artworks that are pending."""

    shard: int
    name: str
    pending: int


@dataclass(frozen=True)
class PendingArtworks:
    """Finds the artworks whose rows in ``table`` lack or have another key.

    The key of an artwork is a hash of its image and of ``inputs``, that of the reference and the options.
    """

    space: Space
    table: Table
    inputs: str
    public_only: bool

    def keys(self, shard: int, part: str) -> dict[str, str]:
        """Returns the key of each artwork of a partition that has every feature and may be used, in their order."""
        return self._keys(shard, part, self._allowed(shard))

    def survey(self) -> tuple[list[ArtworksPartition], list[tuple[int, str]]]:
        """Returns the pending partitions, the largest first, and those that only have rows to drop."""
        parts: dict[int, list[str]] = {shard: [] for shard in range(self.table.shards)}
        for shard, part in self.space.parts():
            parts[shard].append(part)
        with ThreadPoolExecutor(16) as pool:
            found = [pair for pairs in pool.map(self._survey, parts, parts.values()) for pair in pairs]
        pending = sorted((part for part, _ in found if part.pending), key=lambda part: -part.pending)
        return pending, [(part.shard, part.name) for part, outdated in found if outdated and not part.pending]

    def _survey(self, shard: int, parts: list[str]) -> list[tuple[ArtworksPartition, bool]]:
        """Returns each partition of a shard that has features or rows, and whether it has rows to drop."""
        allowed = self._allowed(shard)
        stored_parts = set(self.table.parts(shard))
        found = []
        for part in sorted(stored_parts.union(parts)):
            keys = self._keys(shard, part, allowed) if part in parts else {}
            known = set(self._stored(shard, part)["key"].to_pylist()) if part in stored_parts else set()
            count = sum(key not in known for key in keys.values())
            found.append((ArtworksPartition(shard, part, count), not known <= set(keys.values())))
        return found

    def current_rows(self, shard: int, part: str, keys: dict[str, str]) -> pa.Table | None:
        """Returns the rows of a partition with these keys; None if nothing was written yet."""
        try:
            rows = self._stored(shard, part)
        except FileNotFoundError:
            return None
        return rows.filter(pc.is_in(rows["key"], value_set=pa.array(list(keys.values()), pa.string())))

    def _stored(self, shard: int, part: str) -> pa.Table:
        """Returns the rows of a partition. Those that an earlier version wrote have no key, so they are outdated."""
        rows = replace(self.table, schema=None).read(shard, part)  # with its schema, the table would require a key
        return rows if "key" in rows.column_names else rows.append_column("key", pa.nulls(len(rows), pa.string()))

    def _allowed(self, shard: int) -> set[str] | None:
        return set(public_ids(self.space.archive.table("catalog"), shard).to_pylist()) if self.public_only else None

    def _keys(self, shard: int, part: str, allowed: set[str] | None) -> dict[str, str]:
        hashes = [dict(self._images(table, shard, part)) for table in self.space.tables]
        return {
            identifier: self._key(identifier, [of_table[identifier] for of_table in hashes])
            for identifier in hashes[0]
            if all(identifier in of_table for of_table in hashes) and (allowed is None or identifier in allowed)
        }

    def _images(self, features: Table, shard: int, part: str) -> Iterator[tuple[str, str]]:
        """Yields id and hash of each image that has a vector."""
        rows = features.read(shard, part, ["id", "sha256", "error"])
        rows = rows.filter(pc.is_null(rows["error"]))
        return zip(rows["id"].to_pylist(), rows["sha256"].to_pylist(), strict=True)

    def _key(self, identifier: str, hashes: list[str]) -> str:
        return hashlib.sha256("\n".join([self.inputs, identifier, *map(str, hashes)]).encode()).hexdigest()
