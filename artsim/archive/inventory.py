"""What an archive holds: rows and disk use of each table, failures by reason, models, pending rows, last runs."""

import contextlib
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.fs as pafs

from artsim.archive.archive import Archive
from artsim.archive.table import Table
from artsim.errors import UserError

GROUPS = (  # folders of tables
    *("features", "neighbors", "clusters", "layouts", "duplicates", "identifications", "labels"),
    *("topics", "names", "descriptors"),
)
_FOLDERS = (*GROUPS, "models", "sweeps", "indexes")  # folders whose entries can be deleted
_PLAIN = ("catalog", "images", "thumbnails", "annotations", "links")


def inventory(archive: Archive, *, runs: int = 10) -> dict[str, Any]:
    """Returns tables, failures, pending rows, models, sweeps, annotators and the latest ``runs`` runs for a report."""
    sizes = disk_use(archive)
    tables = [_described(archive.table(name), sizes.get(name, 0)) for name in table_names(archive)]
    known = {*(row["table"] for row in tables)}
    return {
        "tables": tables,
        "failures_stored": failures(archive),
        "pending": pending_rows(archive),
        "models": _models(archive),
        "other": [{"what": name, "bytes": size} for name, size in sorted(sizes.items()) if name not in known],
        "annotators": _annotators(archive),
        "runs": _runs(archive, runs),
        "bytes": sum(sizes.values()),
    }


def table_names(archive: Archive) -> list[str]:
    """The existing tables, in the order in which jobs create them."""
    plain = [name for name in _PLAIN if archive.has_table(name)]
    return plain + [f"{group}/{name}" for group in GROUPS for name in archive.names(group)]


def disk_use(archive: Archive) -> dict[str, int]:
    """Bytes of each table, model and sweep, by name; ``models/_eye`` is an unfinished training."""
    store = archive.store
    top = f"{store.root}/"
    sizes: Counter[str] = Counter()
    for info in store.filesystem.get_file_info(pafs.FileSelector(store.root, recursive=True, allow_not_found=True)):
        if info.is_file:
            folders = info.path.removeprefix(top).split("/")
            depth = 2 if folders[0] in _FOLDERS else 1
            sizes["/".join(folders[:depth])] += info.size
    return dict(sizes)


def failures(archive: Archive) -> list[dict[str, Any]]:
    """Rows that failed, counted by table and reason, most frequent first."""
    counts: Counter[tuple[str, str]] = Counter()
    for table, reason, rows in _failed(archive, ["id"]):
        counts[table, reason] += len(rows)
    return [{"table": table, "reason": reason, "rows": rows} for (table, reason), rows in counts.most_common()]


def failed_rows(archive: Archive, limit: int) -> list[dict[str, Any]]:
    """The first ``limit`` rows that failed: id, table, reason, detail, and the address of the image."""
    failed = (
        {"id": row["id"], "table": table, "reason": reason, "detail": row.get("detail")}
        for table, reason, rows in _failed(archive, ["id", "detail"])
        for row in rows.to_pylist()
    )
    rows = list(islice(failed, limit))
    catalog = archive.table("catalog").find(list({row["id"] for row in rows}), ["id", "image_url"]) if rows else None
    urls = {row["id"]: row["image_url"] for row in catalog.to_pylist()} if catalog else {}
    return [{**row, "image_url": urls.get(row["id"])} for row in rows]


def pending_rows(archive: Archive) -> list[dict[str, Any]]:
    """Counts the rows that each job would process: catalog rows without an image row, images without a vector."""
    pending: Counter[str] = Counter()
    catalog, images = archive.table("catalog"), archive.table("images")
    described = [f"features/{name}" for name in archive.names("features")]
    for shard in range(archive.shards):
        fetched = _ids(images, shard)
        pending["images"] += _missing(_ids(catalog, shard), fetched)
        if described:
            usable = _ids(images, shard, usable=True)
            for name in described:
                pending[name] += _missing(usable, _ids(archive.table(name), shard))
    return [{"table": name, "rows": rows} for name, rows in pending.items() if rows]


def _failed(archive: Archive, columns: list[str]) -> Iterator[tuple[str, str, pa.Table]]:
    """Yields table, reason, and the rows that failed for this reason, partition by partition."""
    images = archive.table("images")
    for part in images.scan(["status", *columns]):
        bad = part.filter(pc.not_equal(part["status"], "ok"))
        for reason in bad["status"].unique().to_pylist():
            yield "images", reason, bad.filter(pc.equal(bad["status"], reason)).select(columns)
    for name in archive.names("features"):
        for part in archive.table(f"features/{name}").scan(["id", "error"]):
            bad = part.filter(pc.is_valid(part["error"]))
            for reason in bad["error"].unique().to_pylist():
                yield f"features/{name}", reason, bad.filter(pc.equal(bad["error"], reason)).select(["id"])


def _described(table: Table, size: int) -> dict[str, Any]:
    return {"table": table.name, "rows": table.count(), "bytes": size}


def _ids(table: Table, shard: int, *, usable: bool = False) -> pa.Array:
    columns = ["id", "status"] if usable else ["id"]
    parts = [table.read(shard, part, columns) for part in table.parts(shard)]
    rows = pa.concat_tables(parts) if parts else pa.table({name: pa.array([], pa.string()) for name in columns})
    if usable:
        rows = rows.filter(pc.equal(rows["status"], "ok"))
    return rows["id"].combine_chunks()


def _missing(wanted: pa.Array, stored: pa.Array) -> int:
    return len(wanted) - (pc.sum(pc.is_in(wanted, value_set=stored)).as_py() or 0)


def _models(archive: Archive) -> list[dict[str, Any]]:
    return [_model(archive, name) for name in archive.names("models")]


def _model(archive: Archive, name: str) -> dict[str, Any]:
    try:
        card = archive.read_json(f"models/{name}/card.json")
    except (ValueError, UserError):
        return {"model": name, "card": "damaged"}
    row: dict[str, Any] = {"model": name}
    known = card.get("scores") or {} if isinstance(card, dict) else {}
    if not isinstance(known, dict):
        return {"model": name, "card": "damaged"}
    for role, scores in known.items():
        with contextlib.suppress(KeyError, TypeError, ValueError, AttributeError):
            score = scores["after"]
            interval = "" if score["low"] is None else f" [{score['low']:.2f}, {score['high']:.2f}]"
            label = f"{role}{' (seen)' if scores.get('seen') and role != 'seen' else ''}"
            row[label] = f"{score['value']:.2f}{interval} n={score['n']}"
    return row


def _annotators(archive: Archive) -> list[dict[str, Any]]:
    counts: Counter[str] = Counter()
    for part in archive.table("annotations").scan(["annotator"]):
        counts.update(part["annotator"].to_pylist())
    return [{"annotator": name, "annotations": count} for name, count in sorted(counts.items())]


def _runs(archive: Archive, count: int) -> list[dict[str, Any]]:
    """Returns the latest runs, newest first. The file names of reports are timestamps."""
    paths = sorted(
        (f"reports/{job}/{name}" for job in archive.names("reports") for name in archive.names(f"reports/{job}")),
        key=lambda path: path.rpartition("/")[2],
        reverse=True,
    )
    return [_run(archive, path) for path in [path for path in paths if path.endswith("Z.json")][:count]]


def _run(archive: Archive, path: str) -> dict[str, Any]:
    _, job, name = path.split("/")
    fields = ("rows_in", "rows_out", "rows_failed", "seconds")
    row: dict[str, Any] = {"at": name.partition(".")[0], "job": job}
    try:
        report = archive.read_json(path)
    except (ValueError, OSError, UserError):
        return {**row, "rows_in": "damaged"}
    return {**row, **{key: report.get(key) for key in fields}} if isinstance(report, dict) else row


def kind_of(archive: Archive, name: str) -> str:
    """Returns the kind of a name such as ``features/eye`` (``features``) or ``annotator:anna`` (``annotator``).

    Raises ``UserError`` if the name has another form or the archive has no such folder.
    """
    kind, mark, entry = name.partition(":")
    if mark and kind in ("annotator", "collection") and entry:
        return kind
    group, _, entry = name.partition("/")
    if group in _FOLDERS and entry and "/" not in entry and entry not in (".", ".."):
        with contextlib.suppress(OSError):  # the name is not valid for a folder
            if archive.store.exists(name):
                return group
        folders = archive.names(group)
        raise UserError(f"`delete` {name}: the archive has no such folder; {group} has {', '.join(folders) or 'none'}")
    raise UserError(
        f"`delete` {name}: choose one of {', '.join(f'{g}/NAME' for g in _FOLDERS)}, annotator:NAME, collection:NAME"
    )
