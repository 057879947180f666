"""Finds the pending rows of a run: those without an images row, those to retry, those to refresh."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from artsim.archive import NEW_ADDRESS, PART_ROWS, Archive, is_public_domain, pending
from artsim.scrape.options import ScrapeOptions

NEW_ADDRESS_FAILED = f"{NEW_ADDRESS} failed: "  # begins the detail of a row that keeps the image of its old address
_STATE = ["id", "status", "detail", "fetched_at", "sha256", "width", "height", "etag", "last_modified"]


@dataclass(frozen=True, slots=True)
class ScrapeTask:
    """A task: a partition of the images table, the catalog rows it is made from, and how many of them to fetch."""

    shard: int
    partition: str
    source_partition: str
    start: int
    stop: int
    take: int


@dataclass(frozen=True, slots=True)
class StoredImage:
    """The state of a stored image, and ``validators``: request headers that ask whether it has changed.

    ``moved``: the image is from an earlier address of the artwork.
    """

    status: str
    detail: str | None
    validators: dict[str, str]
    moved: bool = False


@dataclass(slots=True)
class Row:
    """A row to fetch; ``stored`` is set if it already has an image. ``isolated``: its decoder may crash."""

    id: str
    url: str | None
    attempts: int = 0
    stored: StoredImage | None = None
    isolated: bool = False


def find_tasks(archive: Archive, options: ScrapeOptions, statuses: Counter[str] | None = None) -> Iterator[ScrapeTask]:
    """Yields the tasks of this run, with at most ``options.limit`` rows in all.

    ``statuses`` counts the rows of earlier runs by status, as far as they are searched.
    """

    def finished_ids(rows: pa.Table) -> pa.ChunkedArray:
        if statuses is not None:
            statuses.update({count["values"]: count["counts"] for count in pc.value_counts(rows["status"]).to_pylist()})
        return _finished_ids(rows, options)

    remaining = options.limit
    catalog, images = archive.table("catalog").listed(), archive.table("images").listed()
    for shard in range(archive.shards):
        for partition in pending(
            catalog,
            images,
            shard,
            source_key=lambda rows: _allowed_ids(rows, options),
            source_columns=["rights"] if options.public_only else [],
            target_key=finished_ids,
            target_columns=["status", "detail", "fetched_at", *(["sha256"] if options.refresh else [])],
            part_rows=PART_ROWS,
        ):
            take = len(partition.ids) if remaining is None else min(len(partition.ids), remaining)
            yield ScrapeTask(shard, partition.part, partition.source_part, partition.start, partition.stop, take)
            if remaining is not None:
                remaining -= take
                if remaining == 0:
                    return


def read_rows(
    archive: Archive, task: ScrapeTask, catalog: pa.Table, options: ScrapeOptions, finished: int = 0
) -> list[Row]:
    """Returns the pending rows of a task, in order, if ``finished`` of its rows are already finished.

    ``catalog`` is the catalog partition that the task names.
    """
    rows = catalog.slice(task.start, task.stop - task.start)
    rows = rows.filter(pc.is_valid(_allowed_ids(rows, options)))
    images, stored = archive.table("images"), {}
    if task.partition in images.parts(task.shard):
        state = images.read(task.shard, task.partition, _STATE)
        rows = rows.filter(pc.invert(pc.is_in(rows["id"], value_set=_finished_ids(state, options).combine_chunks())))
        stored = {row["id"]: _stored(row, options.resize) for row in state.filter(_has_image(state)).to_pylist()}
    return [
        Row(name, url, stored=stored.get(name))
        for name, url in zip(rows["id"].to_pylist(), rows["image_url"].to_pylist(), strict=True)
    ][: task.take - finished]


def larger_than(archive: Archive, pixels: int) -> int:
    """Returns how many stored images have a side longer than ``pixels``."""
    if not archive.has_table("images"):
        return 0
    count = 0
    for rows in archive.table("images").scan(["width", "height"]):
        side = pc.max_element_wise(rows["width"], rows["height"])
        count += pc.sum(pc.greater(side, pixels)).as_py() or 0
    return count


def _stored(row: dict[str, Any], resize: int | None) -> StoredImage:
    """Omits the validators if ``resize`` is still to be applied: an unchanged image must be fetched for that."""
    validators = {"If-None-Match": row["etag"], "If-Modified-Since": row["last_modified"]}
    if resize and max(row["width"] or 0, row["height"] or 0) > resize:
        validators = {}
    validators = {name: value for name, value in validators.items() if value}
    return StoredImage(row["status"], row["detail"], validators, moved=_is_moved(row))


def _is_moved(row: dict[str, Any]) -> bool:
    return (row["detail"] or "").startswith(NEW_ADDRESS)


def _has_image(images: pa.Table) -> pa.ChunkedArray:
    """Marks the rows that hold an image, without reading it; also images that their site has removed since."""
    return pc.or_(pc.equal(images["status"], "ok"), pc.is_valid(images["sha256"]))


def _allowed_ids(rows: pa.Table, options: ScrapeOptions) -> pa.ChunkedArray:
    """Returns ids, null for rows that are not to be fetched because of their rights."""
    if not options.public_only:
        return rows["id"]
    rights = pc.unique(rows["rights"]).to_pylist()
    public = pa.array([text for text in rights if is_public_domain(text)], pa.string())
    return pc.if_else(pc.is_in(rows["rights"], value_set=public), rows["id"], pa.scalar(None, pa.string()))


def _finished_ids(images: pa.Table, options: ScrapeOptions) -> pa.ChunkedArray:
    """Returns ids, null for rows that this run fetches again.

    These are rows from before the run: with a status to retry, an image to refresh, or an image whose artwork has
    another address now. Every run requests a new address until it answers.
    """
    # never null
    to_refetch = pc.and_kleene(pc.is_valid(images["detail"]), pc.starts_with(images["detail"], NEW_ADDRESS))
    if options.retry:
        to_refetch = pc.or_(to_refetch, pc.is_in(images["status"], value_set=pa.array(options.retry, pa.string())))
    if options.refresh:
        to_refetch = pc.or_(to_refetch, _has_image(images))
    if not pc.any(to_refetch).as_py():
        return images["id"]
    earlier = pc.less(images["fetched_at"], pa.scalar(options.started, pa.timestamp("us", tz="UTC")))
    pending_again = pc.and_(pc.fill_null(earlier, True), to_refetch)
    return pc.if_else(pending_again, pa.scalar(None, pa.string()), images["id"])
