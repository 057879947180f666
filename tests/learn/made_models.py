"""Small trained models with chosen weights."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import pyarrow as pa
import torch

from artsim.archive import Archive
from artsim.encoders.heads import Head
from artsim.encoders.model import FORMAT, HELD_OUT, ROLES, Model, about_feature
from artsim.learn.recipe import Recipe


def model_of(
    archive: Archive,
    name: str,
    feature: str,
    matrix: np.ndarray,
    rows: Sequence[tuple[str, Sequence[str], str]],
    save: bool = True,
    split: str | None = None,
    by: str | None = None,
    held_out: Sequence[Mapping[str, Any]] | None = None,
) -> Model:
    """Makes a model with a linear head that returns ``vectors @ matrix.T`` of one feature.

    ``rows`` are (annotation_id, images, role). ``held_out`` are rows of ``HELD_OUT``; missing numbers are 0.
    """
    recipe = Recipe(head="linear", hidden=len(matrix))
    head = Head(matrix.shape[1], recipe)
    tensors = head.state_dict() | {"transform.1.weight": torch.from_numpy(matrix.astype(np.float32))}
    inputs = [{"features": feature, "dimension": matrix.shape[1], "about": about_feature(archive, feature)}]
    card = {
        "format": FORMAT,
        "kind": "head",
        "inputs": inputs,
        "recipe": asdict(recipe),
        "dimension": len(matrix),
        "split": {"kind": split, "by": by},
    }
    listed = [
        {"annotation_id": annotation_id, "images": list(images), "role": role} for annotation_id, images, role in rows
    ]
    zeros = {"fold": 0, "before": 0.0, "unseen": 0, "ahead_unseen": 0.0}
    tested = [{**zeros, **row} for row in held_out or ()]
    table = None if held_out is None else pa.Table.from_pylist(tested, schema=HELD_OUT)
    model = Model(name, card, tensors, pa.Table.from_pylist(listed, schema=ROLES), table)
    if save:
        model.save(archive)
    return model
