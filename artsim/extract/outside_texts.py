"""Describes texts in the space of an archive's image features, for networks with an image tower and a text tower."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from artsim.archive import Archive, UserError
from artsim.extract.provenance import read_about
from artsim.vision import weights
from artsim.vision.backbones import is_image_text


def reads_text(about: Mapping[str, Any] | None) -> bool:
    """Whether features, by what ``_about.json`` says of them, share their space with texts."""
    return about is not None and is_image_text(str(about.get("network", "")))


class TextDescriber:
    """Describes texts in the space of a feature of an archive. Make it once and call it often: it holds the tower."""

    def __init__(self, archive: Archive, name: str, *, download: bool = True) -> None:
        """Weights and tokenizer are only downloaded if ``download``.

        Raises ``UserError`` if the feature has no text tower, or if its weights or tokenizer aren't available.
        """
        about = read_about(archive, name)
        if not reads_text(about):
            raise UserError(
                f"`features` {name}: its network reads no texts; extract features of an image-text network, such as "
                "open_clip.ViT-B-32.laion2b_s34b_b79k"
            )
        from artsim.vision.text_tower import TextTower  # imports torch

        model, origin = weights.load_image_text(about["backbone"], about["weights"], download=download)
        is_same = weights.fingerprint(model.visual.state_dict()) == about["weights_hash"]
        if is_same and "text_weights_hash" in about:
            is_same = weights.text_fingerprint(model) == about["text_weights_hash"]
        if not is_same:
            raise UserError(
                f"`features` {name}: made with weights from {about['weights_from']}, but the weights available here, "
                f"from {origin}, differ"
            )
        self._tower = TextTower(about["network"], model, download=download)

    def __call__(self, texts: Sequence[str]) -> np.ndarray:
        """Returns a vector of length 1 for each text, float32 of shape (n, d).

        Raises ``UserError`` for a text that is empty or too long.
        """
        return self._tower(texts)
