"""Describes images outside an archive exactly as the archive's features were computed."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from artsim.archive import Archive, UserError
from artsim.extract.provenance import read_about
from artsim.vision import weights
from artsim.vision.backbones import parse_feature
from artsim.vision.check import BadImage
from artsim.vision.decode import decode
from artsim.vision.inference import Engine


class Describer:
    """Describes images by some features of an archive. Make it once and call it often: it holds the networks.

    The weights of a backbone are loaded once, and features of one backbone and input size share a forward pass.
    """

    def __init__(
        self, archive: Archive, names: Sequence[str], call: Callable[..., Any] | None = None, *, download: bool = True
    ) -> None:
        """``call`` calls the decoder, for example in another process; None calls it in this one. Weights are only
        downloaded if ``download``.

        Raises ``UserError`` if features come from no backbone, or from weights that are not available.
        """
        self._names = list(names)
        self._call = call or _here
        by_weights: dict[tuple[str, str | None], dict[str, Any]] = {}
        for name in self._names:
            about = _about(archive, name)
            by_weights.setdefault((about["backbone"], about["weights"]), {})[name] = about
        self._passes = [describer for abouts in by_weights.values() for describer in _passes(abouts, download)]

    def __call__(self, images: Mapping[str, bytes]) -> list[np.ndarray]:
        """Returns the vectors of images by each feature, float32 of shape (n, d).

        ``images`` maps the label used in a ``BadImage`` to the bytes; there is at least one.
        """
        vectors: dict[str, list[np.ndarray]] = {name: [] for name in self._names}
        for label, data in images.items():
            for names, exact, engine in self._passes:
                try:
                    pixels = self._call(decode, data, [engine.descriptor.input], exact)[0]
                except BadImage as bad:
                    raise BadImage(bad.status, f"{label}: {bad.detail}") from bad
                for name, vector in zip(names, engine(pixels[np.newaxis]), strict=True):
                    vectors[name].append(vector[0])
        return [np.stack(vectors[name]) for name in self._names]


def _here(function: Callable[..., Any], *arguments: Any) -> Any:
    return function(*arguments)


def _about(archive: Archive, name: str) -> Any:
    about = read_about(archive, name)
    if about is None or "backbone" not in about:  # a model made them from other features, not from pixels
        raise UserError(f"`features` {name}: not computed by a backbone, so image files can't be described")
    return about


def _passes(abouts: Mapping[str, Any], download: bool) -> list[tuple[list[str], bool, Engine]]:
    """Returns the forward passes of features with the same weights: their names, whether exact, the network."""
    first = next(iter(abouts.values()))
    state, origin = weights.load(first["backbone"], first["weights"], download=download)
    fingerprint = weights.fingerprint(state)
    by_input: dict[tuple[int | None, bool], list[str]] = {}
    for name, about in abouts.items():
        if about["weights_hash"] != fingerprint:
            raise UserError(
                f"`features` {name}: made with weights from {about['weights_from']}, but the weights available here, "
                f"from {origin}, differ"
            )
        by_input.setdefault((parse_feature(name).size, about["exact"]), []).append(name)
    return [
        (names, exact, Engine(first["network"], list(map(parse_feature, names)), state, "float32" if exact else "auto"))
        for (_, exact), names in by_input.items()
    ]
