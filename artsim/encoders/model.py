"""A trained model in ``models/<name>/``: its weights, its card, the annotations it was trained on, its vectors."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from safetensors.torch import save

from artsim.archive import Archive, Store, UserError
from artsim.archive.damaged_files import intact, intact_table, intact_tensors
from artsim.encoders.backbone import BackboneEncoder, plan_of
from artsim.encoders.head_settings import HeadSettings
from artsim.encoders.heads import Head, embed
from artsim.encoders.model_card import check_card
from artsim.space.features import Block, Pca, Space
from artsim.vision.weights import fingerprint

FORMAT = 1
ROLES = pa.schema([("annotation_id", pa.string()), ("images", pa.list_(pa.string())), ("role", pa.string())])
# One row per annotation and kind of folds that tested it; see cross_validation.py.
HELD_OUT = pa.schema(
    [
        ("annotation_id", pa.string()),
        ("kind", pa.string()),  # one of folds.KINDS
        ("fold", pa.int32()),
        ("rank", pa.float64()),  # of the positive among the eight candidates, by the fold's model
        ("before", pa.float64()),  # the same, by the vectors that training starts from
        ("unseen", pa.int8()),  # number of negatives that the fold's training never saw
        ("ahead_unseen", pa.float64()),  # how many of these are nearer than the positive; ties count half
        ("unit", pa.int64()),  # equal for annotations whose anchors are of one group or are the same image
    ]
)

_CARD, _WEIGHTS, _ROLES = "card.json", "model.safetensors", "annotations.parquet"
_CROSS_VALIDATION = "cross_validation.parquet"
# fields that distinguish features
_DISTINGUISHING_KEYS = ("network", "level", "pooling", "weights_hash", "exact", "model_hash")


class Encoder(Protocol):
    """Computes a model's vectors in one archive."""

    def find(self, ids: Sequence[str]) -> np.ndarray:
        """Returns the vectors of these ids, float32 (n, d). A user error names the first id without one."""

    def blocks(self, *, parts: Sequence[tuple[int, str]] | None = None) -> Iterator[Block]:
        """Yields all vectors, or those of some partitions, in blocks."""


@dataclass(frozen=True)
class Model:
    """A trained model: ``card`` describes it and its scores, ``rows`` (of ROLES) are its annotations and their roles.

    ``held_out`` (of HELD_OUT) is how cross-validation ranked its annotations; None without one. Can be pickled.
    """

    name: str
    card: dict[str, Any]
    tensors: dict[str, torch.Tensor]
    rows: pa.Table
    held_out: pa.Table | None = None

    @property
    def dimension(self) -> int:
        """The length of its vectors."""
        return self.card["dimension"]

    @property
    def hash(self) -> str:
        """16 hex digits that identify its weights."""
        return fingerprint(dict(sorted(self.tensors.items())))

    def vectors(self, archive: Archive, ids: Sequence[str]) -> np.ndarray:
        """Returns its vectors of these ids, float32 (n, d). A user error names the first id without one."""
        return self.encoder(archive).find(ids)

    def blocks(self, archive: Archive) -> Iterator[Block]:
        """Yields its vectors of the whole archive, in blocks."""
        return self.encoder(archive).blocks()

    def training_images(self) -> set[str]:
        """Returns the ids of the images that it was trained or validated on."""
        seen = self.rows.filter(pa.compute.not_equal(self.rows["role"], "verification"))
        return {image for images in seen["images"].to_pylist() for image in images}

    def encoder(self, archive: Archive) -> Encoder:
        """Returns its encoder in this archive. Raises a user error if its input features are missing or differ."""
        if self.card["kind"] == "backbone":
            return BackboneEncoder(plan_of(self.name, self.card, self.tensors), archive)
        return HeadEncoder(self, archive)

    def save(self, archive: Archive) -> None:
        """Writes the model to the archive, replacing one of the same name. The card, written last, completes it."""
        folder, store = f"models/{self.name}", archive.store
        store.remove(folder)
        with store.replace(f"{folder}/{_WEIGHTS}") as draft:
            # save_file would make a file that only its owner can read
            Path(draft).write_bytes(save({name: tensor.contiguous() for name, tensor in self.tensors.items()}))
        with store.replace(f"{folder}/{_ROLES}") as draft:
            pq.write_table(self.rows, draft)
        if self.held_out is not None:
            with store.replace(f"{folder}/{_CROSS_VALIDATION}") as draft:
                pq.write_table(self.held_out, draft)
        archive.write_json(f"{folder}/{_CARD}", self.card)


class HeadEncoder:
    """Computes a head's vectors from the features of an archive."""

    def __init__(self, model: Model, archive: Archive) -> None:
        inputs = model.card["inputs"]
        self.space = Space(archive, [entry["features"] for entry in inputs], pcas=pcas_of(model.tensors, len(inputs)))
        for spec, entry in zip(self.space.specs, inputs, strict=True):
            if (current := about_feature(archive, spec.name)) != entry["about"]:
                raise UserError(
                    f"features/{spec.name}: the model {model.name} was trained on different features: "
                    f"{json.dumps(entry['about'])}, here {json.dumps(current)}"
                )
        self.head = head_of(model)

    def find(self, ids: Sequence[str]) -> np.ndarray:
        """See Encoder."""
        return embed(self.head, torch.tensor(self.space.find(ids)))

    def blocks(self, *, parts: Sequence[tuple[int, str]] | None = None) -> Iterator[Block]:
        """See Encoder."""
        for ids, vectors in self.space.blocks(parts=parts):
            yield ids, embed(self.head, torch.tensor(vectors))


def head_of(model: Model) -> Head:
    """Returns the head of a model of kind ``head``. Raises a user error if card and weights do not match."""
    weights = {name: tensor for name, tensor in model.tensors.items() if not name.startswith("pca.")}
    names = {setting.name for setting in fields(HeadSettings)}
    try:
        settings = HeadSettings(**{name: value for name, value in model.card["recipe"].items() if name in names})
        head = Head(len(weights["mean"]), settings)
        head.load_state_dict(weights)
    except (KeyError, TypeError, ValueError, RuntimeError, UserError) as error:
        reason = " ".join(str(error).split())[:200]
        raise UserError(f"{model.name}: its card.json and model.safetensors do not match: {reason}") from error
    return head


def pca_tensors(space: Space) -> dict[str, torch.Tensor]:
    """Returns the PCAs of a space as tensors that a model stores beside its head."""
    return {
        f"pca.{index}.{name}": torch.from_numpy(getattr(pca, name))
        for index, pca in enumerate(space.pcas)
        if pca is not None
        for name in ("mean", "matrix")
    }


def pcas_of(tensors: dict[str, torch.Tensor], count: int) -> list[Pca | None]:
    """Returns the PCAs of a space of ``count`` specs from what ``pca_tensors`` made; None for a spec without one."""
    kept = {name: tensor.numpy() for name, tensor in tensors.items() if name.startswith("pca.")}
    return [
        Pca(kept[f"pca.{index}.mean"], kept[f"pca.{index}.matrix"]) if f"pca.{index}.mean" in kept else None
        for index in range(count)
    ]


def about_feature(archive: Archive, name: str) -> dict[str, Any] | None:
    """Returns what distinguishes ``features/<name>`` from others of that name; None without an ``_about.json``."""
    about = archive.read_json(f"features/{name}/_about.json")
    return about and {key: about[key] for key in _DISTINGUISHING_KEYS if key in about}


def load_model(archive: Archive, name_or_path: str) -> Model:
    """Loads a model by its name in the archive, or by the path (or address) of its folder.

    Raises a user error if there is none, or if one of its files is damaged.
    """
    if name_or_path in archive.names("models"):
        store, folder, name = archive.store, f"models/{name_or_path}/", name_or_path
    else:
        store, folder = Store.open(name_or_path), ""
        name = PurePosixPath(store.root).name
    card = intact(store, folder + _CARD)
    if card is None:
        available = ", ".join(archive.names("models")) or "none yet; create one with jobs.train"
        raise UserError(f"{name_or_path}: no model of this name or at this path; the archive has {available}")
    if isinstance(card, dict) and card.get("format") != FORMAT:
        raise UserError(f"{name_or_path}: model format {card.get('format')}, but this artsim reads format {FORMAT}")
    check_card(card, store.address(folder + _CARD))
    tensors = intact_tensors(store, folder + _WEIGHTS)
    rows = intact_table(store, folder + _ROLES)
    if rows.schema.names != ROLES.names:
        raise UserError(f"{store.address(folder + _ROLES)}: not the annotations of a model; unexpected columns")
    tested = intact_table(store, folder + _CROSS_VALIDATION) if store.exists(folder + _CROSS_VALIDATION) else None
    if tested is not None and tested.schema.names != HELD_OUT.names:
        raise UserError(f"{store.address(folder + _CROSS_VALIDATION)}: not a cross-validation; unexpected columns")
    return Model(name, card, tensors, rows, tested)
