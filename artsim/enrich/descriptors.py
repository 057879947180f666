"""The table ``descriptors/<name>``: keywords that researchers gave, and suggestions from similar artworks."""

import contextlib
import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from artsim.archive import DESCRIPTORS, Archive, Table, UserError
from artsim.archive.valid_name import check_name
from artsim.enrich.keywords import read_keywords
from artsim.enrich.options import DescriptorOptions
from artsim.enrich.spread import Calibration, Spreader, calibrate, held_out, reliability
from artsim.space.features import Space
from artsim.vision.recommended import recommended_features

GIVEN, SUGGESTED = "given", "suggested"
_METHOD = 1  # changes when the same keywords give other suggestions
_MIN_ARTWORKS = 10  # artworks with keywords and features that a calibration needs
_MAX_LISTED = 12  # keywords in the report
_NAME = "keywords"


def spread_keywords(archive: Archive, options: DescriptorOptions) -> dict[str, Any]:
    """Writes ``descriptors/<name>``; returns the report fields.

    Partitions of the features that are unchanged are kept, unless keywords or options have changed. Raises
    ``UserError`` if there are no keywords, or too few artworks have both keywords and features.
    """
    name = options.name or _NAME
    check_name(name)
    table = archive.table(f"descriptors/{name}", DESCRIPTORS)
    specs = list(options.features or recommended_features(archive))
    space = Space(archive, specs, options.seed)
    given = read_keywords(archive, options.keywords or "", options.separators, public_only=options.public_only)
    query = {
        **{key: getattr(options, key) for key in ("k", "min_confidence", "public_only", "seed")},
        "features": specs,
        "made_by": [archive.read_json(f"features/{spec.name}/_about.json") for spec in space.specs],
        "given": _digest([sorted(given.items())]),
        "version": _METHOD,
    }
    with archive.lock(table.name):
        return {"table": table.name, **_spread(table, space, given, query, options)}


def _spread(
    table: Table, space: Space, given: dict[str, list[str]], query: dict[str, Any], options: DescriptorOptions
) -> dict[str, Any]:
    archive = space.archive
    ids, vectors = _with_keywords(space, given, options)
    spreader = Spreader(ids, vectors, given, options.k)
    votes, is_right, row = held_out(spreader, ids, vectors, given)
    if not len(votes):
        raise UserError(f"`keywords` {options.keywords}: a keyword needs three artworks to be suggested; none has them")
    calibration = calibrate(votes, is_right)
    pairs = sum(keyword in spreader.keywords for identifier in ids for keyword in given[identifier])
    scores, by_confidence = reliability(votes, is_right, row, pairs, options.min_confidence, options.seed)
    query = {**query, "voters": _digest([ids.tolist()], vectors)}
    about = archive.read_json(f"{table.name}/_about.json", {"query": dict})
    if about is None or about["query"] != query or options.again:
        archive.remove(table.name)
    parts, done, artworks = space.parts(), 0, 0
    for key in [(shard, part) for shard in range(archive.shards) for part in table.parts(shard)]:
        if key not in parts:
            archive.store.remove_file(table.path(*key))
    for shard, part in parts:
        blocks = list(space.blocks(public_only=options.public_only, parts=[(shard, part)]))
        block_ids = np.concatenate([block[0] for block in blocks] or [np.empty(0, object)])
        block = np.concatenate([block[1] for block in blocks] or [np.empty((0, vectors.shape[1]), np.float32)])
        work = _digest([query, block_ids.tolist()], block)
        if table.outcome(shard, part, work) is not None:
            artworks += len(block_ids)
            continue
        with contextlib.suppress(FileNotFoundError):
            archive.store.remove_file(f"{table.name}/_about.json")
        rows = _rows(block_ids, block, given, spreader, calibration, options.min_confidence)
        table.write(shard, part, pa.Table.from_pylist(rows, DESCRIPTORS), {"work": work})
        done += len(block_ids)
    archive.write_json(f"{table.name}/_about.json", {"query": query, "scores": scores, "by_confidence": by_confidence})
    report: dict[str, Any] = {"rows_in": done, "rows_out": done, "rows_failed": 0, "rows_there": artworks}
    report |= {"with_keywords": len(ids), "without_features": len(given) - len(ids), "scores": scores}
    return {**report, "by_confidence": by_confidence, "keywords": _counts(table)}


def _with_keywords(space: Space, given: Mapping[str, Any], options: DescriptorOptions) -> tuple[np.ndarray, np.ndarray]:
    """Returns ids, object (n,), and vectors (n, d) of the artworks that have keywords and features."""
    ids, vectors = list[np.ndarray](), list[np.ndarray]()
    for names, matrix in space.blocks(public_only=options.public_only):
        chosen = np.array([name in given for name in names], bool)
        ids.append(names[chosen])
        vectors.append(matrix[chosen])
    count = sum(map(len, ids))
    if count < _MIN_ARTWORKS:
        raise UserError(
            f"`keywords` {options.keywords}: "
            f"{count} artworks have keywords and features; at least {_MIN_ARTWORKS} are needed"
        )
    return np.concatenate(ids), np.concatenate(vectors)


def _rows(
    ids: np.ndarray,
    vectors: np.ndarray,
    given: Mapping[str, Sequence[str]],
    spreader: Spreader,
    calibration: Calibration,
    least: float,
) -> list[dict[str, Any]]:
    """Returns the rows of artworks: their keywords, and suggestions of at least this confidence, best first."""
    rows = []
    for identifier, suggestions in zip(ids.tolist(), spreader(ids, vectors), strict=True):
        own = given.get(identifier, ())
        rows += [_row(identifier, keyword, 1.0, GIVEN, ()) for keyword in own]
        confidence = calibration(np.array([suggestion.votes for suggestion in suggestions]))
        rows += [
            _row(identifier, suggestion.keyword, float(value), SUGGESTED, suggestion.evidence)
            for suggestion, value in zip(suggestions, confidence, strict=True)
            if value >= least and suggestion.keyword not in own
        ]
    return rows


def _row(identifier: str, keyword: str, confidence: float, source: str, evidence: Sequence[str]) -> dict[str, Any]:
    return {
        "id": identifier,
        "keyword": keyword,
        "confidence": confidence,
        "source": source,
        "evidence": list(evidence),
    }


def _counts(table: Table) -> list[dict[str, Any]]:
    """Returns the most frequent keywords, and how many artworks have them or may have them."""
    counts = {source: Counter[str]() for source in (GIVEN, SUGGESTED)}
    for rows in table.scan(["keyword", "source"]):
        for keyword, source in zip(rows["keyword"].to_pylist(), rows["source"].to_pylist(), strict=True):
            counts[source][keyword] += 1
    return [
        {"keyword": keyword, GIVEN: count, SUGGESTED: counts[SUGGESTED][keyword]}
        for keyword, count in counts[GIVEN].most_common(_MAX_LISTED)
    ]


def _digest(content: list[Any], *vectors: np.ndarray) -> str:
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode())
    for matrix in vectors:
        digest.update(np.ascontiguousarray(matrix).tobytes())
    return digest.hexdigest()
