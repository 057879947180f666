"""Finds the artworks of a reference archive that an archive reproduces: ``identifications/<name>``."""

import hashlib
import json
import logging
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import numpy as np
import pyarrow as pa

from artsim.archive import IDENTIFICATIONS, Archive, Table, UserError, duplicate_ids, public_ids
from artsim.archive.valid_name import check_name
from artsim.encoders.model import about_feature
from artsim.explore.queries import save_picture
from artsim.identify.candidates import Candidates, CandidateSearch
from artsim.identify.decision import STATUSES, UNREADABLE, Decision, decide
from artsim.identify.evidence import Comparer, Evidence
from artsim.identify.options import IdentifyOptions
from artsim.identify.review_file import write_review_file
from artsim.identify.sheet import identifications_sheet
from artsim.space.features import Space
from artsim.vision.patches import DEFAULT
from artsim.vision.recommended import recommended_features

_SETTINGS = (
    *("candidates", "hash_distance", "k", "agreement", "review", "whole_images", "local_backbone"),
    *("without_duplicates", "rights", "seed"),
)

_log = logging.getLogger(__name__)


def identify(archive: Archive, options: IdentifyOptions) -> dict[str, Any]:
    """Compares the artworks of an archive with a reference; returns the report fields.

    Partitions that were compared with the same reference, options and images are kept. Raises ``UserError`` if the
    features differ between the archives, or if another run is writing this table.
    """
    check_name(options.name)
    table = archive.table(f"identifications/{options.name}", IDENTIFICATIONS)
    reference = _open_reference(archive, options)
    with archive.lock(table.name):
        sources = _Sources.open(archive, reference, options)
        keys = {where: sources.key(*where) for where in sources.space.parts()}
        pending = [where for where, key in keys.items() if table.outcome(*where, key) is None]
        outdated = [(shard, part) for shard in range(archive.shards) for part in table.parts(shard)
                    if (shard, part) not in keys]  # fmt: skip
        about_path = f"{table.name}/_about.json"
        about = archive.read_json(about_path, {"inputs": dict})
        done = {"rows_in": 0, "rows_out": 0, "rows_failed": 0}
        if about is None or about["inputs"] != sources.inputs or pending or outdated:
            if about is not None:
                _log.info("%s: %s", table.name, _difference(about["inputs"], sources.inputs))
                archive.store.remove_file(about_path)  # it is written last, and completes the table
            for shard, part in outdated:
                archive.store.remove_file(table.path(shard, part))
            done = _compare(table, sources, {where: keys[where] for where in pending}, options)
            counts = _counts(table, keys)
            packages = {package: version(package) for package in ("numpy", "torch")}
            archive.write_json(about_path, {"inputs": sources.inputs, "statuses": counts, "versions": packages})
        else:
            counts = about["statuses"]
        report = {"table": table.name, **done, **counts}
        if options.csv:
            report["csv"] = write_review_file(archive, reference, table, options.csv)
        if options.picture:
            save_picture(identifications_sheet(archive, reference, table, options.name), options.picture)
            report["picture"] = options.picture
    return report


def _open_reference(archive: Archive, options: IdentifyOptions) -> Archive:
    try:
        reference = Archive.open(options.reference)
    except UserError as error:
        raise UserError(str(error).replace("`archive`", "`reference`", 1)) from error
    if reference.uri == archive.uri:
        raise UserError("`reference`: this is the archive itself; jobs.dedupe finds several images of one artwork")
    return reference


@dataclass(frozen=True)
class _Sources:
    """The vectors of both archives in one space, and everything else on which the table depends."""

    archive: Archive
    reference: Archive
    space: Space
    reference_space: Space
    reference_ids: np.ndarray  # object (m,)
    inputs: dict[str, Any]  # as JSON stores it
    public_only: bool

    @classmethod
    def open(cls, archive: Archive, reference: Archive, options: IdentifyOptions) -> "_Sources":
        try:
            specs = list(options.features or recommended_features(reference))
            without = duplicate_ids(reference, options.without_duplicates, public_only=options.public_only)
            reference_space = Space(reference, specs, options.seed, without=without)
        except UserError as error:
            raise UserError(f"`reference` {options.reference}: {error}") from error
        space = Space(archive, specs, options.seed, pcas=reference_space.pcas)
        about = {spec.name: about_feature(reference, spec.name) for spec in space.specs}
        for name, expected in about.items():
            if about_feature(archive, name) != expected:
                raise UserError(
                    f"`features` {name}: the two archives have features of different networks or weights under this "
                    "name; run jobs.extract in both with the same weights"
                )
        ids, digest = _read_reference(reference, reference_space, public_only=options.public_only)
        if not len(ids):
            raise UserError(f"`reference` {options.reference}: it has no vectors of {reference_space.title}")
        settings = {name: getattr(options, name) for name in _SETTINGS}
        inputs = {**settings, "features": reference_space.title, "networks": about, "reference": digest}
        return cls(archive, reference, space, reference_space, ids, inputs, options.public_only)

    def key(self, shard: int, part: str) -> str:
        """A hash of everything on which the rows of one partition depend."""
        digest = hashlib.sha256(json.dumps(self.inputs, sort_keys=True).encode())
        parts = [table.read(shard, part, ["id", "sha256"]) for table in self.space.tables]
        if self.public_only:
            public = set(public_ids(self.archive.table("catalog"), shard).to_pylist())
            digest.update(json.dumps(sorted(public & set(parts[0]["id"].to_pylist()))).encode())
        for rows in parts:
            digest.update(_text(rows))
        return digest.hexdigest()


def _read_reference(reference: Archive, space: Space, *, public_only: bool) -> tuple[np.ndarray, str]:
    """Returns the ids that have a vector and may be used, and a hash of what the results depend on."""
    digest = hashlib.sha256()
    for table in space.tables:
        for rows in table.scan(["id", "sha256"]):
            digest.update(_text(rows))
    for rows in reference.table("catalog").scan(["id", "title", "artist", "rights"]):
        digest.update(_text(rows))
    blocks = [ids for ids, _ in space.blocks(public_only=public_only)]
    ids = np.concatenate([np.empty(0, object), *blocks])
    digest.update(json.dumps(sorted(ids.tolist())).encode())  # duplicates that are left out
    return ids, digest.hexdigest()


def _text(rows: pa.Table) -> bytes:
    return json.dumps(list(rows.to_pydict().values())).encode()


def _difference(before: dict[str, Any], now: dict[str, Any]) -> str:
    words = {"reference": "the reference has changed", "networks": "other networks or weights"}
    changed = [key for key in now if before.get(key) != now[key]]
    return (
        ", ".join(words.get(key, f"{key} {before.get(key)} is now {now[key]}") for key in changed)
        or "the archive has changed"
    )


def _compare(
    table: Table, sources: _Sources, keys: dict[tuple[int, str], str], options: IdentifyOptions
) -> dict[str, int]:
    """Compares the artworks of some partitions and writes each partition when it is done; returns counts of rows."""
    done = {"rows_in": 0, "rows_out": 0, "rows_failed": 0}
    backbone = None if options.whole_images else options.local_backbone or DEFAULT
    search = CandidateSearch(
        sources.space, sources.reference_space, sources.reference_ids,
        public_only=options.public_only, hash_distance=options.hash_distance,
    )  # fmt: skip
    with tempfile.TemporaryFile() as file:
        comparer = Comparer(
            sources.archive, sources.reference, sources.reference_ids, file,
            enough=options.agreement, backbone=backbone,
        )  # fmt: skip
        for candidates in search(list(keys), options.candidates):
            where, ids = candidates.where, candidates.ids
            _log.info("%s: comparing %d artworks of partition %d/%s", table.name, len(ids), *where)
            evidence = comparer(ids, candidates.rows)
            decisions = [
                decide(scores, least=options.agreement, review=options.review, most=options.k)
                if readable
                else Decision(UNREADABLE, [])
                for scores, readable in zip(evidence.scores, evidence.readable, strict=True)
            ]
            lines = _rows(sources, candidates, evidence, decisions)
            statuses = Counter(decision.status for decision in decisions)
            failed = statuses[UNREADABLE]
            outcome = {"work": keys[where], "failed": failed, **{status: statuses[status] for status in STATUSES}}
            table.write(*where, pa.Table.from_pylist(lines, IDENTIFICATIONS), outcome)
            done["rows_in"] += len(ids)
            done["rows_out"] += len(ids) - failed
            done["rows_failed"] += failed
    return done


def _rows(
    sources: _Sources, candidates: Candidates, evidence: Evidence, decisions: Sequence[Decision]
) -> list[dict[str, Any]]:
    """Returns the rows of a partition. An artwork without candidates to decide on has one row, with nulls."""
    rows: list[dict[str, Any]] = []
    written = [row for decision, line in zip(decisions, candidates.rows, strict=True) for row in line[decision.places]]
    titles = _titles(sources.reference, sources.reference_ids[np.unique(np.array(written, np.int64))].tolist())
    for number, (identifier, decision) in enumerate(zip(candidates.ids.tolist(), decisions, strict=True)):
        if not decision.places:
            rows.append({"id": identifier, "rank": 1, "status": decision.status})
        for rank, place in enumerate(decision.places, 1):
            reference_id = sources.reference_ids[candidates.rows[number, place]]
            similarity = float(candidates.similarities[number, place])
            patches = int(evidence.patches[number, place])
            rows.append(
                {
                    "id": identifier,
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


def _titles(reference: Archive, ids: list[str]) -> dict[str, dict[str, Any]]:
    """Returns title and artist of artworks, by id."""
    rows = reference.table("catalog").find(ids, ["id", "title", "artist"]) if ids else None
    return {} if rows is None else {row.pop("id"): row for row in rows.to_pylist()}


def _counts(table: Table, keys: dict[tuple[int, str], str]) -> dict[str, int]:
    """Adds up the artworks of each status in all partitions."""
    totals = dict.fromkeys(STATUSES, 0)
    for where, key in keys.items():
        outcome = table.outcome(*where, key) or {}
        for status in STATUSES:
            totals[status] += int(outcome.get(status, 0))
    return totals
