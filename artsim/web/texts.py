"""Texts that say what artworks should show, as vectors in the space of image-text features."""

from typing import TYPE_CHECKING

import numpy as np

from artsim.archive import Archive, UserError
from artsim.web.turns import Turns

if TYPE_CHECKING:
    from artsim.extract.outside_texts import TextDescriber

_WAITING = 8  # texts at a time; further ones are refused
_SECONDS = 60.0  # that a text waits for those before it, and for the text tower to be loaded
_REMEMBERED = 512  # texts


class Texts:
    """Describes texts by image-text features of an archive. The text towers and the latest vectors stay in memory.

    Nothing is downloaded. A feature that can describe no texts is tried once.
    """

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._describers: dict[str, TextDescriber | UserError] = {}
        self._turns = Turns("searches by text", places=_WAITING, seconds=_SECONDS)
        self._vectors: dict[tuple[str, str], np.ndarray] = {}

    def __call__(self, text: str, features: str) -> np.ndarray:
        """Returns the vector of a text by a feature, float32 (d,).

        Raises ``UserError`` if the text is empty or too long, or if the feature describes no texts, and
        ``ServiceUnavailable`` if too many texts wait, or one waits too long.
        """
        text = " ".join(text.split())
        if (known := self._vectors.get((text, features))) is not None:
            return known
        with self._turns.place(), self._turns.turn():
            vector = self._describer(features)([text])[0]
            self._vectors[text, features] = vector
            while len(self._vectors) > _REMEMBERED:
                del self._vectors[next(iter(self._vectors))]
        return vector

    def _describer(self, features: str) -> "TextDescriber":
        from artsim.extract.outside_texts import TextDescriber  # imports torch, which the other requests do not need

        if features not in self._describers:
            try:
                self._describers[features] = TextDescriber(self._archive, features, download=False)
            except UserError as error:
                self._describers[features] = error
        describer = self._describers[features]
        if isinstance(describer, UserError):
            raise UserError(str(describer))
        return describer
