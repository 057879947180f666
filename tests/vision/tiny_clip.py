"""A CLIP of two small towers with untrained weights, so that tests are fast and need no network."""

import json
from pathlib import Path

import numpy as np
import open_clip
import pytest

from artsim.archive import Archive
from artsim.extract.plan import make_plans
from artsim.extract.provenance import write_about
from artsim.vision import names, weights
from artsim.vision.backbones import parse_feature
from artsim.vision.decode import decode
from artsim.vision.inference import Engine
from tests.made import add_features

TINY = "open_clip.tiny"
_TOWERS = {
    "embed_dim": 16,
    "vision_cfg": {"image_size": 32, "layers": 1, "width": 32, "head_width": 16, "patch_size": 16},
    "text_cfg": {"context_length": 16, "vocab_size": 49408, "width": 16, "heads": 2, "layers": 1},
}


def register(folder: Path, patch: pytest.MonkeyPatch, name: str = "tiny", **text: str) -> str:
    """Makes the network known to open_clip, and until ``patch`` is undone to artsim; returns its backbone name."""
    path = folder / f"{name}.json"
    path.write_text(json.dumps({**_TOWERS, "text_cfg": {**_TOWERS["text_cfg"], **text}}))
    open_clip.add_model_config(path)
    known = names._open_clip()
    patch.setattr(names, "_open_clip", lambda: known | {name})
    return f"open_clip.{name}"


def image_vectors(images: dict[str, bytes]) -> dict[str, np.ndarray]:
    """Returns the vectors of images by the untrained network."""
    engine = Engine(TINY, [parse_feature(TINY)], weights.load(TINY, "random")[0], "float32")
    squares = np.stack([decode(data, [engine.descriptor.input])[0] for data in images.values()])
    return dict(zip(images, engine(squares)[0], strict=True))


def text_vector(text: str) -> np.ndarray:
    """Returns the vector of a text by the untrained network, by open_clip alone."""
    import torch

    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = open_clip.create_model("tiny").eval()
    with torch.inference_mode():
        return model.encode_text(open_clip.get_tokenizer("tiny")([text]), normalize=True)[0].numpy()


def add_tiny_features(archive: Archive) -> dict[str, np.ndarray]:
    """Adds the features of all images that can be read; returns the vectors."""
    images = {
        row["id"]: row["bytes"]
        for rows in archive.table("images").scan(["id", "bytes"])
        for row in rows.to_pylist()
        if row["bytes"]
    }
    vectors = image_vectors(images)
    every = [row for rows in archive.table("images").scan(["id"]) for row in rows["id"].to_pylist()]
    add_features(archive, TINY, {one: vectors.get(one) for one in every})
    write_about(archive, make_plans([parse_feature(TINY)], "random"), "random", False)
    return vectors
