"""Which parts of two artworks match: points and boxes on their renditions."""

import io
from collections import OrderedDict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from PIL import Image

from artsim.errors import ServiceUnavailable, UserError
from artsim.vision import weights
from artsim.web.pictures import Pictures
from artsim.web.turns import Turns

if TYPE_CHECKING:
    from artsim.matching.match import Box
    from artsim.vision.patches import Patches

_BACKBONE = "efficientnet_lite0"  # of the patches' default feature
_KEPT = 100  # latest artworks whose patches are in memory, 350 kB each
_WAITING = 8  # comparisons at a time; further ones are refused
_WAIT_SECONDS = 30.0  # that a comparison waits for those before it


class PairMatcher:
    """Compares two artworks by number. The network stays in memory, as do the patches of the latest artworks."""

    def __init__(self, pictures: Pictures) -> None:
        self._pictures = pictures
        self._kept: OrderedDict[int, tuple[Patches, tuple[int, int]]] = OrderedDict()
        self._turns = Turns("comparisons", places=_WAITING, seconds=_WAIT_SECONDS)

    def __call__(self, a: int, b: int) -> dict[str, Any]:
        """Returns the local matches of two artworks as a JSON object.

        ``images`` has for each the size of its rendition in pixels, the box of the matching part and the side of a
        patch; ``lines`` are pairs of patches, the most similar first. Coordinates are shares of an image's longer side.
        ``rank`` of a line is its place in an order in which any first few lines are spread over the match.

        Raises ``UserError`` if an artwork has no readable image, and ``ServiceUnavailable`` if the network's weights
        are not on this machine or too many comparisons wait.
        """
        if not is_available():
            raise ServiceUnavailable(
                f"local matches need the backbone {_BACKBONE}, but its weights are not installed on the server"
            )
        with self._turns.place():
            return self._compared(a, b)

    def _compared(self, a: int, b: int) -> dict[str, Any]:
        from artsim.matching.draw import spread  # imports torch, which the other requests do not need
        from artsim.matching.match import match
        from artsim.vision.patches import DEFAULT

        (patches_a, size_a), (patches_b, size_b) = (self._patches(number) for number in (a, b))
        matches = match(patches_a, patches_b)
        order = spread(matches.points_a, len(matches.points_a))
        rank = {index: place for place, index in enumerate(order)}
        pairs = zip(matches.points_a.tolist(), matches.points_b.tolist(), matches.similarity.tolist(), strict=True)
        return {
            "backbone": DEFAULT,
            "score": round(matches.score, 2),
            "images": [
                _image(a, size_a, matches.box_a, matches.side_a),
                _image(b, size_b, matches.box_b, matches.side_b),
            ],
            "lines": [
                {"a": _rounded(start), "b": _rounded(end), "similarity": round(similarity, 3), "rank": rank[index]}
                for index, (start, end, similarity) in enumerate(pairs)
            ],
        }

    def _patches(self, number: int) -> "tuple[Patches, tuple[int, int]]":
        """The patches of an artwork and the size of its rendition. Raises ``UserError`` if it has no readable image."""
        from artsim.matching.archive_matches import patches_of

        jpeg = self._pictures.rendition(number)
        if jpeg is None:
            raise UserError(f"{number}: this artwork has no image that can be read")
        with self._turns.turn():
            kept = self._kept.get(number)
            if kept is None:
                kept = patches_of(jpeg), Image.open(io.BytesIO(jpeg)).size
            self._kept[number] = kept
            self._kept.move_to_end(number)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return kept


def is_available() -> bool:
    """Whether this machine has the weights that local matches need; nothing is downloaded for them."""
    return weights.are_offline(_BACKBONE, None)


def _image(number: int, size: tuple[int, int], box: "Box | None", side: float) -> dict[str, Any]:
    width, height = size
    limits = [length / max(size) for length in size]
    clipped = None if box is None else _rounded([min(edge, limits[place % 2]) for place, edge in enumerate(box)])
    return {"n": number, "width": width, "height": height, "box": clipped, "patch": round(side, 4)}


def _rounded(values: Sequence[float]) -> list[float]:
    return [round(value, 4) for value in values]
