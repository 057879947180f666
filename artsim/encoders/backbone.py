"""Computes a fine-tuned backbone's vectors of images in an archive, in the same way as jobs.extract."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import pyarrow as pa
import torch

from artsim import runtime
from artsim.archive import Archive, UserError, pending_parts
from artsim.extract.pending_images import PendingImages
from artsim.extract.pipeline import describe
from artsim.extract.pixel_cache import pixels_of
from artsim.extract.plan import Plan
from artsim.failures import from_counts
from artsim.metrics.vectors import unit_length
from artsim.space.features import Block
from artsim.vision.backbones import Feature, Input
from artsim.vision.check import BadImage
from artsim.vision.decode import decode
from artsim.vision.inference import Engine
from artsim.vision.weights import fingerprint

LABEL_HEADS = "labels."  # prefix of the tensors of heads that predict labels; they are not part of the network

_IMAGES_PER_PASS = 32  # images per forward pass


def card_of(plan: Plan) -> dict[str, Any]:
    """Returns the fields of a model's card that describe its network; ``plan_of`` reads them."""
    feature = plan.features[0]
    about = {
        "network": plan.network,
        "level": feature.level,
        "pooling": feature.pooling,
        "size": feature.size,
        "weights_from": plan.weights,
        "weights_hash": plan.weights_hash,
    }
    inputs = [{"features": feature.name, "dimension": plan.dimensions[0], "about": about}]
    return {"kind": "backbone", "inputs": inputs, "pixels": asdict(plan.input)}


def plan_of(name: str, card: Mapping[str, Any], tensors: dict[str, torch.Tensor]) -> Plan:
    """Returns the extraction plan of a model. Raises a user error if the card does not describe a backbone."""
    try:
        return _plan(name, card, tensors)
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(f"{name}: its card.json does not describe a backbone: {error!r}") from error


def _plan(name: str, card: Mapping[str, Any], tensors: dict[str, torch.Tensor]) -> Plan:
    origin = card["inputs"][0]
    about, pixels = origin["about"], card["pixels"]
    return Plan(
        network=about["network"],
        features=(Feature(name, origin["features"], about["level"], about["pooling"], about["size"]),),
        dimensions=(origin["dimension"],),
        input=Input(**pixels | {key: tuple(pixels[key]) for key in ("mean", "std")}),
        state={name: tensor for name, tensor in tensors.items() if not name.startswith(LABEL_HEADS)},
        nbytes=sum(tensor.nbytes for tensor in tensors.values()),
        weights=f"models/{name}",
        weights_hash=fingerprint(tensors),
    )


class BackboneEncoder:
    """Computes a network's vectors of images in an archive; they have length 1."""

    def __init__(self, plan: Plan, archive: Archive) -> None:
        self.plan, self.archive = plan, archive
        self._engine = Engine(plan.network, plan.features, plan.state, "auto")

    def find(self, ids: Sequence[str]) -> np.ndarray:
        """Returns the vectors of these ids, float32 (n, d). A user error names the first without a readable image."""
        squares, slots = pixels_of(self.archive, ids, self.plan.input)
        if (slots < 0).any():
            raise UserError(f"{ids[int(np.argmax(slots < 0))]}: no readable image; run jobs.scrape")
        return self._vectors(squares, slots)

    def blocks(self, *, parts: Sequence[tuple[int, str]] | None = None) -> Iterator[Block]:
        """Yields the vectors of all readable images, or of those in ``parts``, in small blocks."""
        images = self.archive.table("images")
        if parts is None:
            parts = [(shard, partition) for shard in range(self.archive.shards) for partition in images.parts(shard)]
        for shard, partition in parts:
            ids = images.read(shard, partition, ["id"])["id"].to_pylist()
            for rows in images.batches(shard, partition, ["id", "bytes"], ids, _IMAGES_PER_PASS):
                pairs = zip(rows["id"].to_pylist(), rows["bytes"], strict=True)
                read = ((image_id, _square(data, self.plan.input)) for image_id, data in pairs)
                readable = {image_id: square for image_id, square in read if square is not None}
                if readable:
                    squares = np.stack(list(readable.values()))
                    yield np.array(list(readable), object), self._vectors(squares, np.arange(len(squares)))

    def _vectors(self, squares: np.ndarray, slots: np.ndarray) -> np.ndarray:
        vectors = np.empty((len(slots), self.plan.dimensions[0]), np.float32)
        for start in range(0, len(slots), _IMAGES_PER_PASS):
            vectors[start : start + _IMAGES_PER_PASS] = unit_length(
                self._engine(squares[slots[start : start + _IMAGES_PER_PASS]])[0]
            )
        return vectors


def embed_backbone(archive: Archive, plan: Plan, *, public_only: bool) -> dict[str, Any]:
    """Fills ``features/<plan name>`` with the pending vectors; returns the run's report fields.

    The workers of jobs.extract do the work. Rows that have a vector of the image's current bytes are skipped.
    """
    find = PendingImages(archive, (plan.features[0].name,), public_only)
    parts = pending_parts(archive.shards, find)
    total = sum(count for *_, count in parts)
    report = {"rows_in": total, "rows_out": 0, "rows_failed": 0}
    if not parts:
        return report
    runtime.connect(data=True)
    failures = Counter[str]()
    stream = describe(find, parts, [plan], "auto", False, unit=True)
    for done in runtime.progress(stream, total, "images", "pending"):
        report["rows_out"] += int(done["rows"] - done["failed"])
        report["rows_failed"] += int(done["failed"])
        failures.update(from_counts(done))
    return {**report, "failures": dict(failures.most_common())}


def _square(data: pa.BinaryScalar, target: Input) -> np.ndarray | None:
    try:
        return decode(data.as_buffer(), [target])[0] if data.is_valid else None
    except BadImage:
        return None
