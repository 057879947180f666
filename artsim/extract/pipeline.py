"""Computes ``features/<name>`` of an archive's images: any number of features in one pass, each image decoded once."""

import logging
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from artsim import runtime
from artsim.archive import Archive, UserError, Work, pending, pending_parts, public_ids
from artsim.extract import provenance
from artsim.failures import from_counts
from artsim.vision import weights
from artsim.vision.backbones import Feature, parse_feature

_log = logging.getLogger(__name__)

_GIGABYTE = 1 << 30
_MEMORY = _GIGABYTE  # bytes per actor with a small network, without the shared weights
_COPIES = 3  # of the weights: the shared ones, the actor's own, and the network's working memory


def extract(
    archive: Archive, names: list[str], *, pooling: str, folder: str | None, precision: str, exact: bool, rights: str
) -> dict[str, Any]:
    """Fills ``features/<name>`` for every name; returns this run's part of the report.

    ``folder`` holds the weights (see ``artsim.vision.weights.load``); ``exact`` decodes in full and computes in
    float32. Only rows without a vector of the image's current bytes are pending. Raises ``UserError`` if another run is
    extracting one of the features.
    """
    if not archive.has_table("images"):
        raise UserError("`archive`: no images yet; run jobs.scrape first")
    wanted = list(dict.fromkeys(parse_feature(name, pooling) for name in names))
    provenance.check_options(archive, wanted, folder, exact)
    with archive.lock(*(f"features/{feature.name}" for feature in wanted)):
        return _extract(archive, wanted, folder, precision, exact, rights)


def _extract(
    archive: Archive, wanted: list[Feature], folder: str | None, precision: str, exact: bool, rights: str
) -> dict[str, Any]:
    pending_images = PendingImages(archive, tuple(feature.name for feature in wanted), rights == "public")
    parts = pending_parts(archive.shards, pending_images)
    for feature in wanted:
        archive.store.sweep(f"features/{feature.name}")
    if not parts:
        if not any(archive.table(f"features/{feature.name}").listed().known for feature in wanted):
            if rights != "public":
                raise UserError(
                    "`archive`: it has no image to compute features of; jobs.status `failed` shows why rows failed"
                )
            _log.warning("extract: no image is in the public domain, so there are no features; see `rights`")
        kept = {feature.name: provenance.read_about(archive, feature.name) for feature in wanted}
        return {"rows_in": 0, "rows_out": 0, "rows_failed": 0, "features": kept}
    sure = [weights.are_here(feature.backbone, folder) and _has_level(archive, feature) for feature in wanted]
    with ThreadPoolExecutor(1) as loading:  # loads torch and the weights while Ray starts
        plans = loading.submit(_make_plans, wanted, folder)
        if not all(sure):
            plans.result()  # fails before Ray starts, if weights or a level are missing
        runtime.connect()
    written = provenance.write_about(archive, plans.result(), folder, exact)
    return {**_run(pending_images, parts, plans.result(), precision, exact), "features": written}


def _has_level(archive: Archive, feature: Feature) -> bool:
    """Whether the network is known to have the requested level. Does not load torch."""
    return feature.level is None or provenance.read_about(archive, feature.name) is not None


def _make_plans(wanted: list[Feature], folder: str | None) -> list[Any]:
    from artsim.extract.plan import make_plans  # imports torch, which a run without pending rows does not need

    return make_plans(wanted, folder)


@dataclass(frozen=True)
class PendingImages:
    """Finds images of a shard, or of one partition, that lack a vector of their bytes in at least one feature."""

    archive: Archive
    names: tuple[str, ...]
    public_only: bool

    def __call__(self, shard: int, part: str | None = None) -> Iterator[Work]:
        """Returns one ``Work`` for each partition of the images table with pending rows."""
        allowed = public_ids(self.archive.table("catalog"), shard) if self.public_only else None

        def image_key(rows: pa.Table) -> pa.ChunkedArray:
            usable = pc.equal(rows["status"], "ok")
            if allowed is not None:
                usable = pc.and_(usable, pc.is_in(rows["id"], value_set=allowed))
            return pc.if_else(usable, _key(rows), None)

        by_part: dict[str, Work] = {}
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
                ids = by_part.setdefault(work.part, work).ids
                ids += sorted(set(work.ids).difference(ids))
        return iter(by_part.values())


def _key(rows: pa.Table) -> pa.ChunkedArray:
    return pc.binary_join_element_wise(rows["id"], pc.coalesce(rows["sha256"], ""), "\n")


def _run(
    pending_images: PendingImages, parts: list[tuple[int, str, int]], plans: list[Any], precision: str, exact: bool
) -> dict[str, Any]:
    started, total = time.monotonic(), sum(count for *_, count in parts)
    sums = Counter[str]()
    stream = describe(pending_images, parts, plans, precision, exact)
    for done in runtime.progress(stream, total, "images", "pending"):
        sums.update(done)
        for name in pending_images.names:
            runtime.count("images_described", "images described, by backbone", done["rows"], backbone=name)
        if gpus := runtime.gpus():
            idle = 1 - sums["forward"] / (gpus * (time.monotonic() - started))
            runtime.gauge("gpu_idle_share", "idle share of GPU time in this extraction", max(idle, 0.0))
    seconds = time.monotonic() - started
    return {
        "rows_in": total,
        "rows_out": int(sums["rows"] - sums["failed"]),
        "rows_failed": int(sums["failed"]),
        "failures": from_counts(sums),
        "rows_of_others": int(sums["pending"] - sums["rows"]),  # done by another run in the meantime
        "images_per_second": round(sums["rows"] / seconds, 2),
        "worker_seconds": {phase: round(sums[phase], 2) for phase in ("read", "decode", "waiting", "forward", "write")},
    }


def describe(
    pending_images: PendingImages,
    parts: list[tuple[int, str, int]],
    plans: list[Any],
    precision: str,
    exact: bool,
    *,
    unit: bool = False,
) -> Iterator[dict[str, float]]:
    """Writes features of the partitions' pending images, of length 1 if ``unit``; yields counts and seconds of each.

    Only partition names go through Ray: an actor reads the images of its partition and writes their features.
    """
    import ray

    from artsim.extract.worker import Extractor, Part

    plans = [replace(plan, state=ray.put(plan.state)) for plan in plans]  # loaded once, read by every worker
    nbytes = sum(plan.nbytes for plan in plans)
    units, threads, depth = _shape(nbytes)
    needs = runtime.with_memory(units, _MEMORY + _COPIES * nbytes)
    resources = {"num_cpus": needs["CPU"], "num_gpus": needs["GPU"], "memory": needs.get("memory")}
    actor = ray.remote(Extractor).options(**resources, max_concurrency=depth)
    settings = (pending_images, pending_images.archive, plans, precision, exact, unit, threads, uuid.uuid4().hex)
    pool = runtime.Pool(lambda: actor.remote(*settings), needs, lambda: runtime.room_for(needs), depth)
    largest_first = sorted(parts, key=lambda part: -part[2])  # so that no large one is left for the end
    return pool.stream([Part(*part) for part in largest_first])


def _shape(nbytes: int) -> tuple[dict[str, int], int, int]:
    """Returns an actor's resources, its number of decoding threads, and the partitions it has at a time.

    With GPUs there is one actor per GPU. If some machines have no GPU, they decode for the others, and an actor has as
    many partitions at a time as there are CPUs per GPU, less one. Otherwise an actor decodes on its share of the CPUs.
    Without GPUs there is one actor per CPU, since two processes run a network faster than one with two threads; actors
    with a big network get several CPUs, so that it is not loaded once per CPU.
    """
    cpus, gpus, nodes = runtime.cpus(), runtime.gpus(), runtime.nodes()
    if gpus and any(node["CPU"] and not node["GPU"] for node in nodes):
        return {"CPU": 1, "GPU": 1}, 0, max(cpus // gpus - 1, 1)
    if gpus:
        share = max(cpus // gpus - 1, 1)
        return {"CPU": share, "GPU": 1}, share, 1
    threads = max(min(max(node["CPU"] for node in nodes), 1 + 2 * nbytes // _GIGABYTE), 1)
    return {"CPU": threads, "GPU": 0}, threads, 1
