"""Small trained models with chosen weights, where a test wants them."""

from collections.abc import Sequence
from dataclasses import asdict

import numpy as np
import pyarrow as pa
import torch

from artsim.archive import Archive
from artsim.learn.heads import Head
from artsim.learn.model import FORMAT, ROLES, Model, about_feature
from artsim.learn.recipe import Recipe


def model_of(
    archive: Archive,
    name: str,
    feature: str,
    matrix: np.ndarray,
    rows: Sequence[tuple[str, Sequence[str], str]],
    save: bool = True,
) -> Model:
    """A linear head that gives ``vectors @ matrix.T`` of one feature; ``rows`` are (annotation_id, images, role)."""
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
    }
    listed = [{"annotation_id": one, "images": list(images), "role": role} for one, images, role in rows]
    model = Model(name, card, tensors, pa.Table.from_pylist(listed, schema=ROLES))
    if save:
        model.save(archive)
    return model
