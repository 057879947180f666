"""Predicts the labels of all artworks of an archive, partition by partition on Ray Data, into ``labels/<name>``."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from artsim import runtime
from artsim.archive import LABELS, Archive, Table, Work, pending, pending_parts, public_ids
from artsim.archive.valid_name import check_name
from artsim.labels import table
from artsim.labels.heads import Head
from artsim.labels.options import LabelsOptions
from artsim.labels.predictions import as_rows, predict
from artsim.space.features import Space

_PARTITIONS_PER_TASK = 16  # enough rows to make the start of a task cheap


def predict_archive(archive: Archive, options: LabelsOptions) -> dict[str, Any]:
    """Writes a row per task of each artwork that has none of its current image; returns the report fields."""
    check_name(options.name)
    with archive.lock(table.folder(options.name)):
        card = table.need_card(archive, options.name)
        space, heads = table.load_heads(archive, options.name, card)
        names = [(record["name"], record["labels"]) for record in card["tasks"]]
        predictor = _Predictor(space, heads, names, archive.table(table.folder(options.name)), options.public_only)
        return {"table": table.folder(options.name), **_predict(predictor)}


@dataclass(frozen=True)
class _Predictor:
    """Finds and predicts pending rows; is sent to Ray's workers."""

    space: Space
    heads: list[Head]
    names: list[tuple[str, list[str]]]
    target: Table
    public_only: bool

    def pending(self, shard: int, part: str | None = None) -> Iterator[Work]:
        """Yields one ``Work`` for each partition with artworks that have a vector and no row of their image."""
        source, archive = self.space.tables[0], self.space.archive
        allowed = public_ids(archive.table("catalog"), shard) if self.public_only else None

        def source_keys(rows: pa.Table) -> pa.ChunkedArray:
            usable = pc.is_null(rows["error"])
            if allowed is not None:
                usable = pc.and_(usable, pc.is_in(rows["id"], value_set=allowed))
            return pc.if_else(usable, _key(rows), None)

        columns = ["sha256", "error"]
        return pending(source, self.target, shard, source_key=source_keys, source_columns=columns,
                       target_key=_key, target_columns=["sha256"], only=part)  # fmt: skip

    def write(self, shard: int, part: str, run: str) -> dict[str, int]:
        """Predicts the pending rows of a partition; returns row counts.

        Ray repeats a partition if a machine is lost before it reports: the counts are then those that were stored. A
        row waits if another feature lacks its image. A vector that holds NaN or infinity gets rows without a label.
        """
        if before := self.target.outcome(shard, part, run):
            return {name: count for name, count in before.items() if name != "work"}
        ids = [image_id for work in self.pending(shard, part) for image_id in work.ids]
        id_array = pa.array(ids, pa.string())
        keys = [self._usable(features, shard, part) for features in self.space.tables]
        ready = {image_id for image_id in ids if all(key.get(image_id) == keys[0].get(image_id, "") for key in keys)}
        out, labeled = list[pa.Table](), set[str]()
        for block_ids, vectors in self.space.blocks(parts=[(shard, part)]):
            keep = pc.is_in(pa.array(block_ids, pa.string()), value_set=id_array).to_numpy(zero_copy_only=False)
            keep &= [image_id in ready for image_id in block_ids]
            names = block_ids[keep].tolist()
            labeled.update(names)
            hashes = [keys[0][image_id] for image_id in names]
            for head, (task, labels) in zip(self.heads, self.names, strict=True):
                out.append(as_rows(names, hashes, task, labels, predict(head, vectors[keep])))
        failed = sorted(ready - labeled)
        if failed:
            rows = [
                {"id": image_id, "task": task, "abstained": True, "sha256": keys[0][image_id]}
                for task, _ in self.names
                for image_id in failed
            ]
            out.append(pa.Table.from_pylist(rows, LABELS))
        counts = {"rows_in": len(ids), "rows_out": len(labeled), "rows_failed": len(failed)}
        counts["rows_waiting"] = len(ids) - len(ready)
        if ready:
            rows = pa.concat_tables([rows.cast(LABELS) for rows in out])
            self.target.merge(shard, part, rows, {"work": run, **counts})
        return counts

    def _usable(self, features: Table, shard: int, part: str) -> dict[str, str | None]:
        """Returns the sha256 of the image of each artwork that has a vector."""
        rows = features.read(shard, part, ["id", "sha256", "error"])
        rows = rows.filter(pc.is_null(rows["error"]))
        return dict(zip(rows["id"].to_pylist(), rows["sha256"].to_pylist(), strict=True))


def _predict(predictor: _Predictor) -> dict[str, Any]:
    complete = set(predictor.space.parts())
    parts = [part for part in pending_parts(predictor.space.archive.shards, predictor.pending) if part[:2] in complete]
    total = sum(count for *_, count in parts)
    report: dict[str, Any] = {"rows_in": total, "rows_out": 0, "rows_failed": 0, "rows_waiting": 0}
    if not parts:
        return report
    runtime.connect(data=True)
    runtime.wait_for({"CPU": 1})
    run = uuid.uuid4().hex

    def predict_row(row: dict[str, Any]) -> dict[str, Any]:
        return predictor.write(int(row["shard"]), str(row["part"]), run)

    items = [{"shard": shard, "part": part} for shard, part, _ in parts]
    dataset = runtime.dataset_of(items, -(-len(items) // _PARTITIONS_PER_TASK)).map(predict_row, num_cpus=1)
    for done in runtime.progress(runtime.rows_of(dataset), total, "artworks", "rows_in"):
        for key in ("rows_out", "rows_failed", "rows_waiting"):
            report[key] += done[key]
    if report["rows_failed"]:
        report["failures"] = {"its features hold NaN or infinity": report["rows_failed"]}
    return report


def _key(rows: pa.Table) -> pa.ChunkedArray:
    return pc.binary_join_element_wise(rows["id"], pc.coalesce(rows["sha256"], ""), "\n")
