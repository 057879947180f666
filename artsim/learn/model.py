"""A trained model on disk, ``models/<name>/``: its weights, its card, what it was trained on; and its vectors."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from safetensors.torch import save

from artsim.archive import Archive, Mistake, Store
from artsim.features import Block, Pca, Space
from artsim.learn.finetune_encoder import BackboneEncoder, plan_of
from artsim.learn.heads import Head, embed
from artsim.learn.intact import intact, intact_table, intact_tensors
from artsim.learn.model_card import check_card
from artsim.learn.recipe import Recipe
from artsim.vision.weights import fingerprint

FORMAT = 1
ROLES = pa.schema([("annotation_id", pa.string()), ("images", pa.list_(pa.string())), ("role", pa.string())])
# one row for each annotation and each kind of folds that tested it; see cross_validation.py
HELD_OUT = pa.schema(
    [
        ("annotation_id", pa.string()),
        ("kind", pa.string()),  # of folds.KINDS
        ("fold", pa.int32()),
        ("rank", pa.float64()),  # of the positive among the eight, by the fold's model
        ("before", pa.float64()),  # by what the model starts from
        ("unseen", pa.int8()),  # negatives that the fold's training never saw
        ("ahead_unseen", pa.float64()),  # those of them that are nearer than the positive; ties count half
        ("unit", pa.int64()),  # the same for annotations whose anchors are of one group, or are one image
    ]
)

_CARD, _WEIGHTS, _ROLES = "card.json", "model.safetensors", "annotations.parquet"
_TESTED = "cross_validation.parquet"
_TOLD_BY = ("network", "level", "pooling", "weights_hash", "exact", "model_hash")  # what tells one feature from another


class Encoder(Protocol):
    """What gives a model's vectors in one archive."""

    def find(self, ids: Sequence[str]) -> np.ndarray:
        """Of these ids, float32 (n, d). Mistake names the first that has none."""

    def blocks(self, *, parts: Sequence[tuple[int, str]] | None = None) -> Iterator[Block]:
        """Of all, or of some parts, a block at a time."""


@dataclass(frozen=True)
class Model:
    """A trained model: ``card`` says what it is and how good, ``rows`` (of ROLES) what it was trained and verified on.

    ``held_out`` (of HELD_OUT): how cross-validation ranked its annotations; None without one. Pickles.
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
        """16 hex digits that tell its weights from others."""
        return fingerprint(dict(sorted(self.tensors.items())))

    def vectors(self, archive: Archive, ids: Sequence[str]) -> np.ndarray:
        """Its vectors of these ids, float32 (n, d). Mistake names the first that has none."""
        return self.encoder(archive).find(ids)

    def blocks(self, archive: Archive) -> Iterator[Block]:
        """Its vectors of the whole archive, a block at a time."""
        return self.encoder(archive).blocks()

    def training_images(self) -> set[str]:
        """The ids of the images it was made with: of training and of validation."""
        seen = self.rows.filter(pa.compute.not_equal(self.rows["role"], "verification"))
        return {image for images in seen["images"].to_pylist() for image in images}

    def encoder(self, archive: Archive) -> Encoder:
        """What gives its vectors in this archive. Mistake if its features there are missing, or others."""
        if self.card["kind"] == "backbone":
            return BackboneEncoder(plan_of(self.name, self.card, self.tensors), archive)
        return HeadEncoder(self, archive)

    def save(self, archive: Archive) -> None:
        """Puts the model into the archive in the place of one of the same name. It is there when its card is."""
        folder, store = f"models/{self.name}", archive.store
        store.remove(folder)
        with store.replace(f"{folder}/{_WEIGHTS}") as draft:
            # save_file would write it for nobody else to read
            Path(draft).write_bytes(save({name: tensor.contiguous() for name, tensor in self.tensors.items()}))
        with store.replace(f"{folder}/{_ROLES}") as draft:
            pq.write_table(self.rows, draft)
        if self.held_out is not None:
            with store.replace(f"{folder}/{_TESTED}") as draft:
                pq.write_table(self.held_out, draft)
        archive.write_json(f"{folder}/{_CARD}", self.card)


class HeadEncoder:
    """A head on the features of an archive."""

    def __init__(self, model: Model, archive: Archive) -> None:
        inputs = model.card["inputs"]
        self.space = Space(archive, [one["features"] for one in inputs], pcas=pcas_of(model.tensors, len(inputs)))
        for spec, one in zip(self.space.specs, inputs, strict=True):
            if (here := about_feature(archive, spec.name)) != one["about"]:
                raise Mistake(
                    f"features/{spec.name}: the model {model.name} was trained on such features made otherwise: "
                    f"{json.dumps(one['about'])}, here {json.dumps(here)}"
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
    """The head of a model whose kind is head."""
    weights = {name: tensor for name, tensor in model.tensors.items() if not name.startswith("pca.")}
    try:
        head = Head(len(weights["mean"]), Recipe(**model.card["recipe"]))
        head.load_state_dict(weights)
    except (KeyError, TypeError, ValueError, RuntimeError, Mistake) as error:
        reason = " ".join(str(error).split())[:200]
        raise Mistake(f"{model.name}: its card.json and model.safetensors do not fit each other: {reason}") from error
    return head


def pca_tensors(space: Space) -> dict[str, torch.Tensor]:
    """The PCAs of a space as a model keeps them, beside its head."""
    return {
        f"pca.{index}.{name}": torch.from_numpy(getattr(pca, name))
        for index, pca in enumerate(space.pcas)
        if pca is not None
        for name in ("mean", "matrix")
    }


def pcas_of(tensors: dict[str, torch.Tensor], count: int) -> list[Pca | None]:
    """What ``pca_tensors`` made of a space of ``count`` specs, as a space takes them."""
    kept = {name: tensor.numpy() for name, tensor in tensors.items() if name.startswith("pca.")}
    return [
        Pca(kept[f"pca.{index}.mean"], kept[f"pca.{index}.matrix"]) if f"pca.{index}.mean" in kept else None
        for index in range(count)
    ]


def about_feature(archive: Archive, name: str) -> dict[str, Any] | None:
    """What tells ``features/<name>`` from features of that name that were made otherwise; None if nobody wrote it."""
    about = archive.read_json(f"features/{name}/_about.json")
    return about and {key: about[key] for key in _TOLD_BY if key in about}


def load_model(archive: Archive, name_or_path: str) -> Model:
    """A model of the archive by its name, or any by the path (or address) of its folder.

    Mistake if there is none, or one of its files is damaged.
    """
    if name_or_path in archive.names("models"):
        store, folder, name = archive.store, f"models/{name_or_path}/", name_or_path
    else:
        store, folder = Store.open(name_or_path), ""
        name = PurePosixPath(store.root).name
    card = intact(store, folder + _CARD)
    if card is None:
        there = ", ".join(archive.names("models")) or "none yet; jobs.train makes them"
        raise Mistake(f"{name_or_path}: no model of this name, nor one at this path; the archive has {there}")
    if isinstance(card, dict) and card.get("format") != FORMAT:
        raise Mistake(f"{name_or_path}: a model of format {card.get('format')}, this artsim reads format {FORMAT}")
    check_card(card, store.address(folder + _CARD))
    tensors = intact_tensors(store, folder + _WEIGHTS)
    rows = intact_table(store, folder + _ROLES)
    if rows.schema.names != ROLES.names:
        raise Mistake(f"{store.address(folder + _ROLES)}: not the annotations of a model; its columns are others")
    tested = intact_table(store, folder + _TESTED) if store.exists(folder + _TESTED) else None
    if tested is not None and tested.schema.names != HELD_OUT.names:
        raise Mistake(f"{store.address(folder + _TESTED)}: not a cross-validation; its columns are others")
    return Model(name, card, tensors, rows, tested)
