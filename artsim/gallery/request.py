"""One picture that was asked for: its artworks, their colors and words, and the drawing of its tiles."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from PIL import Image

from artsim.archive import Archive
from artsim.gallery.artworks import Clustering, drawable_ids, no_artwork, read_clustering
from artsim.gallery.colors import colors_of
from artsim.gallery.credits import credits_of
from artsim.gallery.options import PictureOptions
from artsim.pictures.poster import Color, Frame, Legend, Words, poster
from artsim.pictures.tiles import Tile, paste, thumbnail_sizes


@dataclass(frozen=True)
class Picture:
    """A drawn picture, RGB, and how many artworks were considered, are shown, and have no readable image."""

    image: Image.Image
    considered: int
    shown: int
    unreadable: int = 0


@dataclass(frozen=True)
class Request:
    """An archive and the options of a picture of it."""

    archive: Archive
    options: PictureOptions

    @property
    def frame(self) -> Frame:
        """The measures of the poster."""
        return Frame(self.options.size)

    @cached_property
    def clustering(self) -> Clustering | None:
        """The clustering that the options name."""
        options = self.options
        return (
            read_clustering(self.archive, options.cluster, public_only=options.public_only) if options.cluster else None
        )

    @property
    def members(self) -> set[str] | None:
        """The ids of the chosen cluster; None for the whole archive."""
        return self.clustering.members if self.clustering else None

    def ids(self) -> list[str]:
        """The ids that can be drawn, of the archive or the chosen cluster."""
        return drawable_ids(self.archive, self.members, public_only=self.options.public_only)

    def limited(self, ids: Sequence[str], most: int) -> list[int]:
        """The indices of at most ``most`` of these ids, or of ``limit``: a seeded sample, in their order."""
        most = min(most, self.options.limit or most)
        if len(ids) <= most:
            return list(range(len(ids)))
        return sorted(np.random.default_rng(self.options.seed).permutation(len(ids))[:most].tolist())

    def sizes(self, ids: Sequence[str]) -> dict[str, tuple[int, int]]:
        """Width and height of the thumbnails. Raises ``UserError`` if no image can be read."""
        sizes = thumbnail_sizes(self.archive, ids)
        if not sizes:
            raise no_artwork(self.members, public_only=self.options.public_only)
        return sizes

    def colors(self, ids: Sequence[str]) -> tuple[dict[str, Color], Legend | None]:
        """The color of each artwork's frame and the legend; none unless the options ask for colors."""
        column = self.options.color
        if column is None and self.clustering is not None and self.clustering.chosen is None:
            column = "cluster"
        if column is None:
            return {}, None
        return colors_of(self.archive, ids, column, self.clustering.numbers if self.clustering else None)

    def words(
        self,
        title: str,
        tiles: Iterable[Tile],
        considered: int,
        about: Sequence[str] = (),
        legend: Legend | None = None,
    ) -> Words:
        """The text of the poster: the title, how many artworks are shown and what else is known, the credits."""
        shown = sorted({tile.id for tile in tiles})
        if self.clustering is not None and self.clustering.chosen is not None:
            title = f"{title}: {self.clustering.title_of(self.clustering.chosen)}"
        count = [f"{len(shown):,} of {considered:,} artworks shown"] if len(shown) < considered else []
        caption = " · ".join([*count, *about])
        return Words(self.options.title or title, caption, credits_of(self.archive, shown), legend)

    def drawn(self, tiles: Sequence[Tile], height: int, words: Words) -> Image.Image:
        """Draws the poster with these tiles; ``height`` is that of its body."""
        image, left, top = poster(self.options.size, height, words)
        paste(self.archive, image, tiles, left, top)
        return image


def contained(size: tuple[int, int], width: float, height: float) -> tuple[int, int]:
    """The largest size of the same shape within a width and a height, pixels."""
    scale = min(width / size[0], height / size[1])
    return max(round(size[0] * scale), 1), max(round(size[1] * scale), 1)
