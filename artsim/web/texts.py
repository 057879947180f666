"""Texts that say what artworks should show, as vectors in the space of image-text features."""

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from artsim.archive import Archive
from artsim.web.turns import Turns

if TYPE_CHECKING:
    from artsim.extract.outside_texts import TextDescriber

_WAITING = 8  # texts at a time; further ones are refused
_SECONDS = 60.0  # that a text waits for those before it, and for the text tower to be loaded
_REMEMBERED = 512  # texts


class Texts:
    """Describes texts by image-text features of an archive. The text towers and the latest vectors stay in memory."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._describers: dict[str, TextDescriber] = {}
        self._turns = Turns("searches by text", places=_WAITING, seconds=_SECONDS)
        self._vector = lru_cache(maxsize=_REMEMBERED)(self._described)

    def __call__(self, text: str, features: str) -> np.ndarray:
        """Returns the vector of a text by a feature, float32 (d,).

        Raises ``UserError`` if the text is empty or too long, or if the feature describes no texts, and
        ``ServiceUnavailable`` if too many texts wait, or one waits too long.
        """
        with self._turns.place(), self._turns.turn():
            return self._vector(" ".join(text.split()), features)

    def _described(self, text: str, features: str) -> np.ndarray:
        from artsim.extract.outside_texts import TextDescriber  # imports torch, which the other requests do not need

        if features not in self._describers:
            self._describers[features] = TextDescriber(self._archive, features)
        return self._describers[features]([text])[0]
