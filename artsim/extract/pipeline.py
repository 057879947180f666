"""Computes ``features/<name>`` of an archive's images: any number of features in one pass, each image decoded once."""

import logging
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from typing import Any

from artsim import runtime
from artsim.archive import Archive, UserError, pending_parts
from artsim.extract import provenance
from artsim.extract.options import ExtractOptions
from artsim.extract.pending_images import ImagesPartition, PendingImages
from artsim.failures import from_counts
from artsim.vision import weights
from artsim.vision.backbones import Feature, parse_feature
from artsim.vision.recommended import RECOMMENDED

_log = logging.getLogger(__name__)

_GIGABYTE = 1 << 30
_MEMORY = _GIGABYTE  # bytes per actor with a small network, without the shared weights
_READ = 128  # images that a decoding task reads together
_COPIES = 3  # of the weights: the shared ones, the actor's own, and the network's working memory


def extract(archive: Archive, options: ExtractOptions) -> dict[str, Any]:
    """Fills ``features/<name>`` for every backbone, by default the recommended ones; returns the report fields.

    Only rows without a vector of the image's current bytes are pending. Raises ``UserError`` if another run is
    extracting one of the features.
    """
    if not archive.has_table("images"):
        raise UserError("`archive`: no images yet; run jobs.scrape first")
    names = options.backbones or RECOMMENDED
    features = list(dict.fromkeys(parse_feature(name, options.pooling) for name in names))
    provenance.check_options(archive, features, options.weights, options.exact)
    with archive.lock(*(f"features/{feature.name}" for feature in features)):
        return _extract(archive, features, options)


def _extract(archive: Archive, features: list[Feature], options: ExtractOptions) -> dict[str, Any]:
    pending_images = PendingImages(archive, tuple(feature.name for feature in features), options.public_only)
    parts = pending_parts(archive.shards, pending_images)
    for feature in features:
        archive.store.sweep(f"features/{feature.name}")
    if not parts:
        if not any(archive.table(f"features/{feature.name}").listed().known for feature in features):
            if not options.public_only:
                raise UserError(
                    "`archive`: it has no image to compute features of; jobs.status `failed` shows why rows failed"
                )
            _log.warning("extract: no image is in the public domain, so there are no features; see `rights`")
        kept = {feature.name: provenance.read_about(archive, feature.name) for feature in features}
        return {"rows_in": 0, "rows_out": 0, "rows_failed": 0, "features": kept}
    sure = [
        weights.are_here(feature.backbone, options.weights) and _has_level(archive, feature) for feature in features
    ]
    with ThreadPoolExecutor(1) as loading:  # loads torch and the weights while Ray starts
        plans = loading.submit(_make_plans, features, options.weights)
        if not all(sure):
            plans.result()  # fails before Ray starts, if weights or a level are missing
        runtime.connect(data=True)
    written = provenance.write_about(archive, plans.result(), options.weights, options.exact)
    return {
        **_run(pending_images, parts, plans.result(), options.precision, options.exact),
        "features": written,
    }


def _has_level(archive: Archive, feature: Feature) -> bool:
    """Whether the network is known to have the requested level. Does not load torch."""
    return feature.level is None or provenance.read_about(archive, feature.name) is not None


def _make_plans(features: list[Feature], folder: str | None) -> list[Any]:
    from artsim.extract.plan import make_plans  # imports torch, which a run without pending rows does not need

    return make_plans(features, folder)


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

    Workers read the images of a partition and write its features themselves. Only with GPUs do pixels go through Ray:
    tasks on any CPUs decode them.
    """
    import ray

    from artsim.extract.networks import Extraction

    plans = [replace(plan, state=ray.put(plan.state)) for plan in plans]  # loaded once, read by every worker
    extraction = Extraction(pending_images, pending_images.archive, plans, precision, exact, unit, uuid.uuid4().hex)
    largest_first = sorted(parts, key=lambda part: -part[2])  # so that no large one is left for the end
    partitions = [ImagesPartition(*part) for part in largest_first]
    nbytes = sum(plan.nbytes for plan in plans)
    return (_on_gpus if runtime.gpus() else _on_cpus)(extraction, partitions, nbytes)


def _on_cpus(extraction: Any, partitions: list[ImagesPartition], nbytes: int) -> Iterator[dict[str, float]]:
    """Decodes and describes in the same processes.

    There is one per CPU: two processes run a network faster than one with two threads. Processes with a big network get
    several CPUs, so that it is not loaded once per CPU.
    """
    from artsim.extract.worker import Extractor

    cpus = max(min(max(node["CPU"] for node in runtime.nodes()), 1 + 2 * nbytes // _GIGABYTE), 1)
    needs = runtime.with_memory({"CPU": cpus}, _MEMORY + _COPIES * nbytes)
    return runtime.process_partitions(
        partitions,
        Extractor,
        (extraction, cpus),
        attempts=runtime.start_attempts(),
        needs=needs,
        workers=runtime.room_for(needs),
    )


def _on_gpus(extraction: Any, partitions: list[ImagesPartition], nbytes: int) -> Iterator[dict[str, float]]:
    """Decodes in tasks on all CPUs, and describes in one process per GPU.

    A GPU's process takes no CPU: on a machine with one CPU none would be left for decoding.
    """
    from artsim.extract.decoding import decode_partition
    from artsim.extract.worker import GpuExtractor

    attempts = runtime.start_attempts()
    needs = runtime.with_memory({"GPU": 1}, _MEMORY + _COPIES * nbytes)
    decoded = runtime.dataset_of([asdict(partition) for partition in partitions]).map_batches(
        decode_partition,  # type: ignore[arg-type]  # Ray Data declares functions of one argument only
        fn_args=(extraction.decoding(_READ), extraction.pending, attempts, extraction.run),
        batch_size=1,
        batch_format="pyarrow",
        num_cpus=1,
    )
    described = runtime.with_workers(
        decoded,
        GpuExtractor,
        (extraction, attempts),
        needs=needs,
        workers=min(runtime.room_for(needs), len(partitions)),
        max_concurrent=2,  # one is written while the other is described
        batch_format="numpy",
    )
    return runtime.results_of(described, attempts, extraction.run, needs)
