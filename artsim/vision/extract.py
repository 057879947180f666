"""The images of an archive to ``features/<name>``: any number of features in one pass, each image decoded once."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from artsim import cluster
from artsim.archive import Archive, Mistake, Work, pending, pending_parts, public_ids
from artsim.vision import about
from artsim.vision.backbones import Feature, parse_feature

_GIGABYTE = 1 << 30


def extract(
    archive: Archive, names: list[str], *, pooling: str, folder: str | None, precision: str, exact: bool, rights: str
) -> dict[str, Any]:
    """Fills ``features/<name>`` for every name; returns the run's share of the report.

    ``folder`` is where weights lie (see ``artsim.vision.weights.load``), ``exact`` decodes in full and computes in
    float32. Only rows without a vector of the image's present bytes are pending.
    """
    if not archive.has_table("images"):
        raise Mistake("--archive: it has no images yet; run jobs.scrape first")
    wanted = list(dict.fromkeys(parse_feature(name, pooling) for name in names))
    about.check_options(archive, wanted, folder, exact)
    pending_images = PendingImages(archive, tuple(feature.name for feature in wanted), rights == "public")
    parts = pending_parts(archive.shards, pending_images)
    for feature in wanted:
        archive.store.sweep(f"features/{feature.name}")
    if not parts:
        kept = {feature.name: about.read_about(archive, feature.name) for feature in wanted}
        return {"rows_in": 0, "rows_out": 0, "rows_failed": 0, "features": kept}
    with ThreadPoolExecutor(1) as loading:  # torch and the weights, while Ray starts
        plans = loading.submit(_make_plans, wanted, folder)
        cluster.connect()
        cluster.silence_ray_data()
    written = about.write_about(archive, plans.result(), folder, exact)
    return {**_run(pending_images, parts, plans.result(), precision, exact), "features": written}


def _make_plans(wanted: list[Feature], folder: str | None) -> list[Any]:
    from artsim.vision.plan import make_plans  # imports torch, which a run without work does not need

    return make_plans(wanted, folder)


@dataclass(frozen=True)
class PendingImages:
    """Called with a shard, and perhaps one part: which images lack a vector of their bytes in at least one feature."""

    archive: Archive
    names: tuple[str, ...]
    public_only: bool

    def __call__(self, shard: int, part: str | None = None) -> Iterator[Work]:
        """One Work for each part of the images table that has any."""
        allowed = public_ids(self.archive.table("catalog"), shard) if self.public_only else None

        def image_key(rows: pa.Table) -> pa.ChunkedArray:
            usable = pc.equal(rows["status"], "ok")
            if allowed is not None:
                usable = pc.and_(usable, pc.is_in(rows["id"], value_set=allowed))
            return pc.if_else(usable, _key(rows), None)

        found: dict[str, Work] = {}
        for name in self.names:
            for work in pending(
                self.archive.table("images"),
                self.archive.table(f"features/{name}"),
                shard,
                source_key=image_key,
                source_columns=["status", "sha256"],
                target_key=_key,
                target_columns=["sha256"],
                only=part,
            ):
                known = found.setdefault(work.part, work).ids
                known += sorted(set(work.ids).difference(known))
        return iter(found.values())


def _key(rows: pa.Table) -> pa.ChunkedArray:
    return pc.binary_join_element_wise(rows["id"], pc.coalesce(rows["sha256"], ""), "\n")


def _run(
    pending_images: PendingImages, parts: list[tuple[int, str, int]], plans: list[Any], precision: str, exact: bool
) -> dict[str, Any]:
    """Only the names of parts go through Ray: an actor reads the images of its part and writes their features."""
    import ray

    from artsim.vision.extractor import PHASES, Extractor

    plans = [replace(plan, state=ray.put(plan.state)) for plan in plans]  # loaded once, read by every worker
    actors, cpus, gpus = _actors(sum(plan.nbytes for plan in plans))
    largest_first = sorted(parts, key=lambda part: -part[2])  # so that no worker is left alone with a large one
    items = [{"shard": shard, "part": part, "pending": count} for shard, part, count in largest_first]
    stream = (
        ray.data.from_items(items, override_num_blocks=len(items))
        .map_batches(
            Extractor,
            fn_constructor_args=(pending_images, pending_images.archive, plans, precision, exact, cpus),
            batch_size=1,
            compute=ray.data.ActorPoolStrategy(size=min(actors, len(items))),
            num_cpus=cpus,
            num_gpus=gpus,
        )
        .iter_rows()
    )
    started, total = time.monotonic(), sum(count for *_, count in parts)
    sums = dict.fromkeys(("rows", "pending", "failed", *PHASES), 0.0)
    for done in cluster.progress(stream, total, "images", "pending"):
        for name in sums:
            sums[name] += done[name]
    return {
        "rows_in": total,
        "rows_out": int(sums["rows"] - sums["failed"]),
        "rows_failed": int(sums["failed"]),
        "rows_there": int(sums["pending"] - sums["rows"]),  # done by another run in the meantime
        "images_per_second": round(sums["rows"] / (time.monotonic() - started), 2),
        "worker_seconds": {phase: round(sums[phase], 2) for phase in PHASES},
    }


def _actors(nbytes: int) -> tuple[int, int, int]:
    """How many actors, with how many CPUs and GPUs each.

    One a GPU, with its share of the CPUs to decode on. Without GPUs one a CPU, since two processes run a network faster
    than two threads of one; but a big network is not loaded once for every CPU.
    """
    cpus, gpus = cluster.cpus(), cluster.gpus()
    if gpus:
        return gpus, max(cpus // gpus - 1, 1), 1
    threads = min(cpus, 1 + 2 * nbytes // _GIGABYTE)
    return max(cpus // threads, 1), threads, 0
