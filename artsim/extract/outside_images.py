"""Describes a few images outside an archive exactly as the archive's features were computed."""

from collections.abc import Mapping

import numpy as np

from artsim.archive import Archive, UserError
from artsim.extract.provenance import read_about
from artsim.vision import weights
from artsim.vision.backbones import parse_feature
from artsim.vision.check import BadImage
from artsim.vision.decode import decode
from artsim.vision.inference import Engine


def describe(archive: Archive, name: str, images: Mapping[str, bytes]) -> np.ndarray:
    """Returns the vectors of images, float32 of shape (n, d), by the backbone and weights of ``features/<name>``.

    ``images`` maps the label used in a ``BadImage`` to the bytes. Raises ``UserError`` if ``features/<name>`` come from
    no backbone, or from weights that are not available.
    """
    about = read_about(archive, name)
    if about is None or "backbone" not in about:  # a model made them from other features, not from pixels
        raise UserError(f"`features` {name}: not computed by a backbone, so image files can't be described")
    state, origin = weights.load(about["backbone"], about["weights"])
    if weights.fingerprint(state) != about["weights_hash"]:
        raise UserError(
            f"`features` {name}: made with weights from {about['weights_from']}, but the weights available here, "
            f"from {origin}, differ"
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
