"""Finds the artworks of a reference archive that an archive reproduces, on Ray: ``identifications/<name>``."""

import logging
import uuid
from collections import Counter
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

import pyarrow.compute as pc

from artsim import runtime
from artsim.archive import IDENTIFICATIONS, Archive, Table
from artsim.archive.valid_name import check_name
from artsim.explore.queries import save_picture
from artsim.identify.decision import STATUSES
from artsim.identify.evidence import need_network
from artsim.identify.options import IdentifyOptions
from artsim.identify.pending_artworks import ArtworksPartition, PendingArtworks
from artsim.identify.review_file import write_review_file
from artsim.identify.sheet import identifications_sheet
from artsim.identify.sources import Sources

_MEMORY = 1 << 30  # bytes per worker: the network and the patches that it keeps

_log = logging.getLogger(__name__)


def identify(archive: Archive, options: IdentifyOptions) -> dict[str, Any]:
    """Compares the artworks of an archive with a reference; returns the report fields.

    Artworks that were compared with the same image, reference and options are kept. Raises ``UserError`` if the
    features differ between the archives, or if another run is writing this table.
    """
    check_name(options.name)
    table = archive.table(f"identifications/{options.name}", IDENTIFICATIONS)
    with archive.lock(table.name):
        sources = Sources.open(archive, options)
        report = {"table": table.name, **_update(archive, table, sources, options)}
        if options.csv:
            report["csv"] = write_review_file(archive, sources.reference, table, options.csv)
        if options.picture:
            save_picture(identifications_sheet(archive, sources.reference, table, options.name), options.picture)
            report["picture"] = options.picture
    return report


def _update(archive: Archive, table: Table, sources: Sources, options: IdentifyOptions) -> dict[str, int]:
    """Brings the table up to date; returns counts of rows, and of the artworks of each status."""
    archive.store.sweep(table.name)
    find = PendingArtworks(sources.space, table, sources.digest, options.public_only)
    pending, outdated = find.survey()
    about_path = f"{table.name}/_about.json"
    about = archive.read_json(about_path, {"inputs": dict})
    done = {"rows_in": 0, "rows_out": 0, "rows_failed": 0}
    if about is not None and about["inputs"] == sources.inputs and not pending and not outdated:
        return {**done, **about["statuses"]}
    if about is not None:
        _log.info("%s: %s", table.name, sources.difference(about["inputs"]))
        archive.store.remove_file(about_path)  # it is written last, and completes the table
    _drop(find, outdated)
    if pending:
        done = _compare(find, pending, sources, options)
    statuses = _statuses(table)
    packages = {package: version(package) for package in ("numpy", "torch")}
    archive.write_json(about_path, {"inputs": sources.inputs, "statuses": statuses, "versions": packages})
    return {**done, **statuses}


def _drop(find: PendingArtworks, parts: Sequence[tuple[int, str]]) -> None:
    """Removes the rows of artworks that have no features any more, or may not be used."""
    known = set(find.space.parts())
    for shard, part in parts:
        rows = find.current_rows(shard, part, find.keys(shard, part)) if (shard, part) in known else None
        if rows is not None and len(rows):
            find.table.write(shard, part, rows)
        else:
            find.table.store.remove_file(find.table.path(shard, part))


def _compare(
    find: PendingArtworks, pending: Sequence[ArtworksPartition], sources: Sources, options: IdentifyOptions
) -> dict[str, int]:
    """Compares the pending artworks in one worker per CPU; returns counts of rows."""
    network = None if options.whole_images else need_network(options.local_backbone)
    runtime.connect(data=True)
    import ray

    from artsim.identify.worker import Identification, Identifier, SharedReference

    reference = SharedReference.put(sources.reference, sources.reference_space, public_only=options.public_only)
    shared = None if network is None else ray.put(network)
    work = Identification(find, reference, shared, options, uuid.uuid4().hex)
    needs = runtime.with_memory({"CPU": 1}, _MEMORY)
    stream = runtime.process_partitions(
        pending, Identifier, (work,), attempts=runtime.start_attempts(), needs=needs, workers=runtime.room_for(needs)
    )
    total = sum(partition.pending for partition in pending)
    done = {"rows_in": 0, "rows_out": 0, "rows_failed": 0}
    for counts in runtime.progress(stream, total, "artworks", "rows_in"):
        for name in done:
            done[name] += counts[name]
    return done


def _statuses(table: Table) -> dict[str, int]:
    """Counts the artworks of each status."""
    counts = Counter[str]()
    for rows in table.scan(["rank", "status"]):
        counts.update(rows.filter(pc.equal(rows["rank"], 1))["status"].to_pylist())
    return {status: counts[status] for status in STATUSES}
