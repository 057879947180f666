"""The worker of an identification: compares the pending artworks of a partition and writes their rows."""

import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import ray
import torch

from artsim.archive import IDENTIFICATIONS, Archive
from artsim.identify.candidates import Candidates, CandidateSearch, Hashes, read_hashes
from artsim.identify.decision import UNREADABLE, Decision, decide
from artsim.identify.evidence import Comparer, Evidence
from artsim.identify.options import IdentifyOptions
from artsim.identify.pending_artworks import ArtworksPartition, PendingArtworks
from artsim.space.features import Block, Space
from artsim.space.search import chunks

Row = dict[str, Any]


@dataclass(frozen=True)
class SharedReference:
    """The reference in Ray's object store, which keeps one copy on each machine and spills what exceeds its memory.

    ``about`` refers to the ids, object (m,), and their ``Hashes``; ``blocks`` refer to the vectors, in the same order.
    """

    archive: Archive
    about: Any
    blocks: list[Any]

    @classmethod
    def put(cls, archive: Archive, space: Space, *, public_only: bool) -> "SharedReference":
        """Reads the vectors block by block."""
        ids, blocks = list[np.ndarray](), list[Any]()
        for block_ids, vectors in chunks(space.blocks(public_only=public_only)):
            ids.append(block_ids)
            blocks.append(ray.put(vectors))
        every_id = np.concatenate(ids)
        return cls(archive, ray.put((every_id, read_hashes(archive, every_id))), blocks)


@dataclass(frozen=True)
class Identification:
    """What all workers of a run are given. ``network`` refers to a ``PatchDescriber``; None compares no parts."""

    pending: PendingArtworks
    reference: SharedReference
    network: Any
    options: IdentifyOptions
    run: str


class Identifier:
    """Compares the pending artworks of partitions, in a process with one CPU."""

    def __init__(self, work: Identification) -> None:
        torch.set_num_threads(1)
        self._work, self._pending = work, work.pending
        self._reference = work.reference.archive
        self._ids: np.ndarray
        hashes: Hashes
        self._ids, hashes = ray.get(work.reference.about)
        self._search = CandidateSearch(self._ids, hashes, self._blocks, hash_distance=work.options.hash_distance)
        self._file = tempfile.TemporaryFile()  # noqa: SIM115  # open as long as the worker lives
        self._compare = Comparer(
            work.pending.space.archive, self._reference, self._ids, self._file,
            enough=work.options.agreement, network=None if work.network is None else ray.get(work.network),
        )  # fmt: skip

    def process(self, partition: ArtworksPartition, attempt: int) -> dict[str, Any]:
        """Compares the pending artworks of a partition; returns counts of rows.

        If a lost worker of this run has already written the partition, the stored counts are returned.
        """
        shard, part = partition.shard, partition.name
        table = self._pending.table
        if attempt and (before := table.outcome(shard, part, self._work.run)):
            return {name: count for name, count in before.items() if name != "work"}
        keys = self._pending.keys(shard, part)
        kept = self._pending.current_rows(shard, part, keys)
        rows = [] if kept is None else kept.to_pylist()
        pending = keys.keys() - {row["id"] for row in rows}
        statuses = Counter[str]()
        for identifier, of_artwork in self._compared((shard, part), pending):
            statuses[of_artwork[0]["status"]] += 1
            rows += [{**row, "id": identifier, "key": keys[identifier]} for row in of_artwork]
        position = {identifier: number for number, identifier in enumerate(keys)}
        rows.sort(key=lambda row: (position[row["id"]], row["rank"]))
        failed = statuses[UNREADABLE]
        counts = {"rows_in": len(pending), "rows_out": len(pending) - failed, "rows_failed": failed}
        table.write(shard, part, pa.Table.from_pylist(rows, IDENTIFICATIONS), {"work": self._work.run, **counts})
        return counts

    def _compared(self, where: tuple[int, str], pending: set[str]) -> Iterator[tuple[str, list[Row]]]:
        """Yields these artworks of a partition with their rows, one at least."""
        without_vector = set(pending)  # whose vectors hold NaN or infinity
        for block_ids, block in self._pending.space.blocks(parts=[where]):
            is_pending = np.fromiter((identifier in pending for identifier in block_ids), bool, len(block_ids))
            ids, vectors = block_ids[is_pending], block[is_pending]
            if not len(ids):
                continue
            without_vector.difference_update(ids.tolist())
            hashes = read_hashes(self._pending.space.archive, ids)
            candidates = self._search(vectors, hashes, self._work.options.candidates)
            yield from zip(ids.tolist(), self._decided(ids, candidates), strict=True)
        for identifier in sorted(without_vector):
            yield identifier, [{"rank": 1, "status": UNREADABLE}]

    def _decided(self, ids: np.ndarray, candidates: Candidates) -> list[list[Row]]:
        options = self._work.options
        evidence = self._compare(ids, candidates.rows)
        decisions = [
            decide(scores, least=options.agreement, review=options.review, most=options.k)
            if readable
            else Decision(UNREADABLE, [])
            for scores, readable in zip(evidence.scores, evidence.readable, strict=True)
        ]
        places = zip(decisions, candidates.rows, strict=True)
        written = np.array([row for decision, rows in places for row in rows[decision.places]], np.int64)
        titles = _titles(self._reference, self._ids[np.unique(written)].tolist())
        return [self._rows(number, decision, candidates, evidence, titles) for number, decision in enumerate(decisions)]

    def _rows(
        self, number: int, decision: Decision, candidates: Candidates, evidence: Evidence, titles: dict[str, Row]
    ) -> list[Row]:
        """Returns the rows of an artwork; one with nulls if there is no candidate to decide on."""
        if not decision.places:
            return [{"rank": 1, "status": decision.status}]
        rows = []
        for rank, place in enumerate(decision.places, 1):
            reference_id = self._ids[candidates.rows[number, place]]
            similarity = float(candidates.similarities[number, place])
            patches = int(evidence.patches[number, place])
            rows.append(
                {
                    "rank": rank,
                    "reference_id": reference_id,
                    **titles.get(reference_id, {}),
                    "similarity": similarity if np.isfinite(similarity) else None,
                    "score": float(evidence.scores[number, place]),
                    "evidence": {
                        "method": "parts" if evidence.by_parts[number, place] else "whole images",
                        "patches": patches if patches >= 0 else None,
                    },
                    "status": decision.status,
                }
            )
        return rows

    def _blocks(self) -> Iterator[Block]:
        """Yields the ids and vectors of the reference."""
        start = 0
        for block in self._work.reference.blocks:
            vectors = ray.get(block)
            yield self._ids[start : start + len(vectors)], vectors
            start += len(vectors)


def _titles(reference: Archive, ids: list[str]) -> dict[str, Row]:
    """Returns title and artist of artworks, by id."""
    rows = reference.table("catalog").find(ids, ["id", "title", "artist"]) if ids else None
    return {} if rows is None else {row.pop("id"): row for row in rows.to_pylist()}
