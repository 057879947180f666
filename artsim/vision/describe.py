"""A few images that are in no archive, described just as an archive's features were."""

from collections.abc import Mapping

import numpy as np

from artsim.archive import Archive, Mistake
from artsim.vision import weights
from artsim.vision.about import read_about
from artsim.vision.backbones import parse_feature
from artsim.vision.check import BadImage
from artsim.vision.decode import decode
from artsim.vision.engine import Engine


def describe(archive: Archive, name: str, images: Mapping[str, bytes]) -> np.ndarray:
    """The vectors of some images, float32 of shape (n, d), by the backbone and weights of ``features/<name>``.

    ``images`` by the names that a BadImage tells them by; Mistake if the weights that made the features can't be had.
    """
    about = read_about(archive, name)
    if about is None or "backbone" not in about:  # a head was trained on features, and sees no pixels
        raise Mistake(f"--features {name}: no backbone made these, so no image file can be described by them")
    state, origin = weights.load(about["backbone"], about["weights"])
    if weights.fingerprint(state) != about["weights_hash"]:
        raise Mistake(
            f"--features {name}: made with weights from {about['weights_from']}; here are others, from {origin}"
        )
    engine = Engine(about["network"], [parse_feature(name)], state, "float32" if about["exact"] else "auto")
    vectors = []
    for label, data in images.items():
        try:
            pixels = decode(data, [engine.descriptor.input], about["exact"])[0]
        except BadImage as bad:
            raise BadImage(bad.status, f"{label}: {bad.detail}") from bad
        vectors.append(engine(np.stack([pixels]))[0][0])
    return np.stack(vectors)
