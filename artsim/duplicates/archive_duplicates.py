"""Finds the duplicates of an archive: ``duplicates/<name>``."""

import hashlib
import json
import logging
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from artsim.archive import DUPLICATES, IMAGES, Archive, public_ids
from artsim.archive.valid_name import check_name
from artsim.duplicates.candidates import by_hash, by_vectors
from artsim.duplicates.checking import Checker
from artsim.duplicates.groups import grouped
from artsim.duplicates.options import DedupeOptions
from artsim.duplicates.sheet import groups_sheet
from artsim.encoders.model import about_feature
from artsim.explore.queries import save_picture
from artsim.space.features import Block, Space
from artsim.vision.recommended import recommended_features

_PART = "groups"  # the one partition of each shard
_SETTINGS = ("k", "distance", "hash_distance", "agreement", "rights", "seed")
_EVIDENCE = ("identical files", "hash", "hash and features", "features")

_log = logging.getLogger(__name__)


def dedupe(archive: Archive, options: DedupeOptions) -> dict[str, Any]:
    """Writes the groups of duplicates; returns the report fields. Keeps the table if nothing has changed.

    Raises ``UserError`` if another run is writing this table.
    """
    specs = list(options.features or recommended_features(archive))
    space = Space(archive, specs, options.seed)
    name = options.name or (space.plain_name if options.features else "recommended")
    check_name(name)
    table = f"duplicates/{name}"
    with archive.lock(table):
        images = _read_images(archive, public_only=options.public_only)
        inputs = _inputs(archive, space, images, options)
        about = archive.read_json(f"{table}/_about.json", {"inputs": dict, "groups": int, "pairs": dict})
        if about is not None and about["inputs"] == inputs:
            report = {"rows_in": 0, "rows_out": 0, "rows_failed": 0}
        else:
            if about is not None:
                _log.info("%s: %s; finding all duplicates again", table, _difference(about["inputs"], inputs))
            about, report = _find(archive, table, space, images, inputs, options)
        if options.picture:
            save_picture(groups_sheet(archive, table, name), options.picture)
    picture = options.picture and str(Path(options.picture).resolve())
    return {"table": table, **report, "groups": about["groups"], "duplicates": about["duplicates"],
            "pairs": about["pairs"], "picture": picture}  # fmt: skip


@dataclass(frozen=True)
class _Images:
    """The usable images of an archive, n rows in the order of the table, and a hash of all their columns."""

    ids: pa.Array
    files: np.ndarray  # the first row with the same bytes, int64
    hashes: np.ndarray  # perceptual hashes, uint64; 0 where there is none
    hashed: np.ndarray  # bool
    pixels: np.ndarray  # int64
    digest: str


def _read_images(archive: Archive, *, public_only: bool) -> _Images:
    table, digest = archive.table("images"), hashlib.sha256()
    columns = ["id", "status", "sha256", "phash", "width", "height"]
    chunks = [pa.table({name: pa.array([], IMAGES.field(name).type) for name in columns if name != "status"})]
    for shard in range(archive.shards):
        public = public_ids(archive.table("catalog"), shard) if public_only else None
        for part in table.parts(shard):
            rows = table.read(shard, part, columns)
            rows = rows.filter(pc.equal(rows["status"], "ok")).drop_columns("status")
            if public is not None:
                rows = rows.filter(pc.is_in(rows["id"], value_set=public))
            digest.update(json.dumps(list(rows.to_pydict().values())).encode())
            chunks.append(rows)
    rows = pa.concat_tables(chunks).combine_chunks()
    codes = rows["sha256"].combine_chunks().dictionary_encode().indices.fill_null(-1).to_numpy(zero_copy_only=False)
    number = np.arange(len(rows))
    first = np.full(len(rows), len(rows))
    known = codes >= 0
    np.minimum.at(first, codes[known], number[known])
    files = np.where(known, first[codes], number)
    texts = rows["phash"].to_pylist()
    hashed = np.array([bool(text) for text in texts], bool)
    hashes = np.array([int(text, 16) if text else 0 for text in texts], np.uint64)
    sides = [pc.fill_null(rows[side], 0).to_numpy().astype(np.int64) for side in ("width", "height")]
    return _Images(rows["id"].combine_chunks(), files, hashes, hashed, sides[0] * sides[1], digest.hexdigest())


def _inputs(archive: Archive, space: Space, images: _Images, options: DedupeOptions) -> dict[str, Any]:
    """Returns what the groups depend on, as JSON stores it."""
    digest = hashlib.sha256()
    for spec, table in zip(space.specs, space.tables, strict=True):
        digest.update(json.dumps(about_feature(archive, spec.name)).encode())
        for rows in table.scan(["id", "sha256"]):
            digest.update(json.dumps(list(rows.to_pydict().values())).encode())
    settings = {name: getattr(options, name) for name in _SETTINGS}
    return {**settings, "features": space.title, "images": images.digest, "vectors": digest.hexdigest()}


def _difference(before: dict[str, Any], now: dict[str, Any]) -> str:
    words = {"images": "other images", "vectors": "other vectors"}
    changed = [key for key in now if before.get(key) != now[key]]
    return ", ".join(words.get(key, f"{key} {before.get(key)} is now {now[key]}") for key in changed)


def _find(
    archive: Archive, table: str, space: Space, images: _Images, inputs: dict[str, Any], options: DedupeOptions
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Finds the groups and replaces the table. ``_about.json``, written last, completes it."""
    hash_pairs, vector_pairs = _candidates(space, images, options)
    pairs = np.unique(np.concatenate([hash_pairs, vector_pairs]), axis=0)
    _log.info("comparing %d pairs of %d images", len(pairs), len(images.ids))
    ids = np.array(images.ids.to_pylist(), object)
    copies = np.flatnonzero(images.files != np.arange(len(ids)))
    identical_pairs = np.column_stack([images.files[copies], copies])
    with tempfile.TemporaryFile() as file:
        checker = Checker(archive, ids, file)

        def score(missing_pairs: np.ndarray) -> np.ndarray:
            files = images.files[missing_pairs]
            return np.where(files[:, 0] == files[:, 1], 1.0, checker(files))

        scores = checker(pairs)
        rank = np.empty(len(ids), np.int64)
        rank[np.lexsort((ids.astype(str), ~checker.is_colored, -images.pixels))] = np.arange(len(ids))
        representative_of, confidence = grouped(
            np.concatenate([identical_pairs, pairs]),
            np.concatenate([np.ones(len(identical_pairs)), scores]),
            rank,
            options.agreement,
            score,
        )
    groups, members = _write(archive, table, ids, representative_of, confidence, rank)
    about = {
        "inputs": inputs,
        "groups": groups,
        "duplicates": members - groups,
        "pairs": {
            "compared": len(pairs),
            **_evidence(identical_pairs, hash_pairs, vector_pairs, pairs[scores >= options.agreement]),
        },
        "versions": {package: version(package) for package in ("numpy", "torch")},
    }
    archive.write_json(f"{table}/_about.json", about)
    return about, {"rows_in": len(ids), "rows_out": members, "rows_failed": checker.unreadable}


def _candidates(space: Space, images: _Images, options: DedupeOptions) -> tuple[np.ndarray, np.ndarray]:
    """Returns pairs of rows, int64 (p, 2), to compare: near by hash, and near by features. One row of each file."""
    first = np.flatnonzero(images.files == np.arange(len(images.files)))
    hashed = first[images.hashed[first]]
    hash_pairs = hashed[by_hash(images.hashes[hashed], options.hash_distance)].reshape(-1, 2)
    candidate_ids = pd.Index(images.ids.take(pa.array(first)).to_pylist())

    def rows_of(ids: np.ndarray) -> np.ndarray:
        positions = candidate_ids.get_indexer(ids)
        return np.where(positions >= 0, first[positions] if len(first) else -1, -1)

    def blocks() -> Iterator[Block]:
        return space.blocks(public_only=options.public_only)

    return hash_pairs, by_vectors(blocks, rows_of, len(images.ids), options.k, options.distance)


def _write(
    archive: Archive,
    table: str,
    ids: np.ndarray,
    representative_of: np.ndarray,
    confidence: np.ndarray,
    rank: np.ndarray,
) -> tuple[int, int]:
    """Replaces the rows of the table, groups numbered by rank; returns the numbers of groups and of rows."""
    representatives = np.unique(representative_of[representative_of >= 0])
    representatives = representatives[np.argsort(rank[representatives])]
    number = np.full(len(ids), -1, np.int32)
    number[representatives] = np.arange(len(representatives), dtype=np.int32)
    rows = np.flatnonzero(representative_of >= 0)
    archive.remove(table)
    shards = archive.shard_of(ids[rows].tolist())
    for shard in np.unique(shards).tolist():
        shard_rows = rows[shards == shard]
        columns = {
            "id": pa.array(ids[shard_rows], pa.string()),
            "group": number[representative_of[shard_rows]],
            "confidence": confidence[shard_rows].astype(np.float32),
            "representative": representative_of[shard_rows] == shard_rows,
        }
        archive.table(table).write(shard, _PART, pa.table(columns, schema=DUPLICATES))
    return len(representatives), len(rows)


def _evidence(
    identical_pairs: np.ndarray, hashed: np.ndarray, near: np.ndarray, confirmed: np.ndarray
) -> dict[str, int]:
    """Counts the confirmed pairs by what made them candidates."""
    by_hash_too, by_features_too = ({*map(tuple, pairs.tolist())} for pairs in (hashed, near))
    evidence = [(pair in by_hash_too, pair in by_features_too) for pair in map(tuple, confirmed.tolist())]
    counts = [len(identical_pairs), *(evidence.count(kind) for kind in ((True, False), (True, True), (False, True)))]
    return dict(zip(_EVIDENCE, counts, strict=True))
