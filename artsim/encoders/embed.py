"""Embeds the whole archive with a model into ``features/<name>``, partition by partition on Ray Data."""

import json
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from artsim import runtime
from artsim.archive import Archive, Table, UserError, Work, features, pending, pending_parts, public_ids
from artsim.encoders.backbone import embed_backbone, plan_of
from artsim.encoders.model import HeadEncoder, Model
from artsim.failures import failures_of

_PARTITIONS_PER_TASK = 16  # partitions per task: enough rows to make its start cheap


def embed_archive(archive: Archive, model: Model, *, public_only: bool, again: bool = False) -> dict[str, Any]:
    """Writes the model's vector of every image that has its inputs; returns the run's report fields.

    Skips rows that already have a vector of the image's current bytes. Raises a user error if ``features/<name>`` holds
    a backbone's features, or another model's features and ``again`` is false.
    """
    with archive.lock(f"features/{model.name}"):
        return _embed(archive, model, public_only, again)


def check_features(archive: Archive, name: str, model_hash: str | None, *, again: bool) -> None:
    """Raises a user error if a model must not write ``features/<name>``.

    That is the case if a backbone wrote these features, if their ``_about.json`` is missing, or if another model wrote
    them and ``again`` is false. ``model_hash`` is the hash of the model, or None if it is not trained yet.
    """
    about = archive.read_json(f"features/{name}/_about.json")
    if about is None and not _has_rows(archive, f"features/{name}"):
        return  # a run that hits a full disk may leave an empty folder
    if about is None or "model_hash" not in about:
        missing_note = ", or their _about.json is missing" if about is None else ""
        raise UserError(f"`name` {name}: features/{name} belong to a backbone{missing_note}; choose another model name")
    if not again and about["model_hash"] != model_hash:
        raise UserError(
            f"features/{name} already exist, written by another model; `again` replaces them; "
            "to keep them, choose another model name (`name` of jobs.train, or a copy of its folder)"
        )


def _has_rows(archive: Archive, name: str) -> bool:
    table = archive.table(name)
    return any(table.parts(shard) for shard in range(archive.shards))


def _embed(archive: Archive, model: Model, public_only: bool, again: bool) -> dict[str, Any]:
    name = f"features/{model.name}"
    about = {
        "name": model.name,
        "dimension": model.dimension,
        "model": model.card["kind"],
        "model_hash": model.hash,
        "inputs": model.card["inputs"],
    }
    check_features(archive, model.name, model.hash, again=again)
    if archive.read_json(f"{name}/_about.json") != about:
        for shard in archive.store.names(name):  # _about.json is replaced last: it names the writer of these rows
            archive.store.remove(f"{name}/{shard}")
        archive.write_json(f"{name}/_about.json", about)
    if model.card["kind"] == "backbone":
        plan = plan_of(model.name, model.card, model.tensors)
        return {"table": name, **embed_backbone(archive, plan, public_only=public_only)}
    return {"table": name, **_embed_head(archive, model, public_only)}


def _embed_head(archive: Archive, model: Model, public_only: bool) -> dict[str, Any]:
    encoder, target = HeadEncoder(model, archive), archive.table(f"features/{model.name}", features(model.dimension))
    find_pending = PendingVectors(archive, encoder.space.tables[0], target, public_only)
    complete_partitions = set(encoder.space.parts())
    pending_partitions = [
        partition for partition in pending_parts(archive.shards, find_pending) if partition[:2] in complete_partitions
    ]
    total = sum(count for *_, count in pending_partitions)
    report: dict[str, Any] = {"rows_in": total, "rows_out": 0, "rows_failed": 0, "rows_waiting": 0}
    failures = Counter[str]()
    if not pending_partitions:
        return report
    runtime.connect(data=True)
    runtime.wait_for({"CPU": 1})
    run = uuid.uuid4().hex

    def embed_row(row: dict[str, Any]) -> dict[str, Any]:
        return _embed_partition(encoder, find_pending, int(row["shard"]), str(row["part"]), run)

    items = [{"shard": shard, "part": partition} for shard, partition, _ in pending_partitions]
    blocks = -(-len(items) // _PARTITIONS_PER_TASK)
    dataset = runtime.dataset_of(items, blocks).map(embed_row, num_cpus=1)
    for done in runtime.progress(runtime.rows_of(dataset), total, "artworks", "rows_in"):
        for key in ("rows_out", "rows_failed", "rows_waiting"):
            report[key] += done[key]
        failures.update(json.loads(done["failures"]))
    return {**report, "failures": dict(failures.most_common())}


@dataclass(frozen=True)
class PendingVectors:
    """Finds the rows of the model's first feature that lack a vector of the model, in a shard or one partition."""

    archive: Archive
    source: Table
    target: Table
    public_only: bool

    def __call__(self, shard: int, partition: str | None = None) -> Iterator[Work]:
        """Yields one ``Work`` for each partition with pending rows."""
        allowed = public_ids(self.archive.table("catalog"), shard) if self.public_only else None

        def source_keys(rows: pa.Table) -> pa.ChunkedArray:
            key = _key(rows)
            return key if allowed is None else pc.if_else(pc.is_in(rows["id"], value_set=allowed), key, None)

        return pending(
            self.source,
            self.target,
            shard,
            source_key=source_keys,
            source_columns=["sha256"],
            target_key=_key,
            target_columns=["sha256"],
            only=partition,
        )


def _embed_partition(
    encoder: HeadEncoder, find_pending: PendingVectors, shard: int, partition: str, run: str
) -> dict[str, Any]:
    """Embeds the pending rows of a partition; returns row counts, and ``failures`` as JSON.

    ``failures`` is JSON because Ray Data needs the same columns in every row. A row waits if another feature does not
    have the same image bytes yet.

    Ray repeats a partition if a machine is lost before it reports. If this run has already committed the partition, the
    stored counts are returned.
    """
    if before := find_pending.target.outcome(shard, partition, run):
        return {name: count for name, count in before.items() if name != "work"}
    ids = [image_id for pending_rows in find_pending(shard, partition) for image_id in pending_rows.ids]
    rows = [_rows_by_id(table.read(shard, partition, ["id", "sha256", "error"]), ids) for table in encoder.space.tables]
    vectors = dict(pair for block in encoder.blocks(parts=[(shard, partition)]) for pair in zip(*block, strict=True))
    out = []
    for image_id in ids:
        known = [by_id[image_id] for by_id in rows if image_id in by_id]
        hashes = {row["sha256"] for row in known}
        if len(known) == len(rows) and len(hashes) == 1:
            error = next((row["error"] for row in known if row["error"]), None) or _not_numbers(vectors.get(image_id))
            out.append(
                {"id": image_id, "vector": None if error else vectors[image_id], "error": error, "sha256": hashes.pop()}
            )
    failed, rows_waiting = sum(row["error"] is not None for row in out), len(ids) - len(out)
    counts = {"rows_in": len(ids), "rows_out": len(out) - failed, "rows_failed": failed, "rows_waiting": rows_waiting}
    outcome = {**counts, "failures": json.dumps(failures_of(row["error"] for row in out))}
    if out:
        rows = pa.Table.from_pylist(out, schema=find_pending.target.schema)
        find_pending.target.merge(shard, partition, rows, {"work": run, **outcome})
    return outcome


def _not_numbers(vector: np.ndarray | None) -> str | None:
    """Returns why a vector is unusable, or None. ``Space`` leaves out rows with NaN or infinity."""
    if vector is None:
        return "its features hold NaN or infinity"
    return None if np.isfinite(vector).all() else "the model's vector holds NaN or infinity"


def _rows_by_id(rows: pa.Table, ids: list[str]) -> dict[str, Any]:
    matches = rows.filter(pc.is_in(rows["id"], value_set=pa.array(ids, pa.string())))
    return {row["id"]: row for row in matches.to_pylist()}


def _key(rows: pa.Table) -> pa.ChunkedArray:
    return pc.binary_join_element_wise(rows["id"], pc.coalesce(rows["sha256"], ""), "\n")
