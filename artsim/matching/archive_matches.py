"""Local matches of images, given as bytes or as ids of an archive."""

from collections import OrderedDict
from collections.abc import Sequence
from functools import lru_cache

from artsim.archive import Archive, UserError
from artsim.matching.match import LocalMatches, match
from artsim.pictures.small_images import decoded
from artsim.vision.check import BadImage
from artsim.vision.patches import DEFAULT, PatchDescriber, Patches

_CACHED_IMAGES = 300  # images whose patches are kept; 350 kB each with the default backbone


def local_matches(image_a: bytes, image_b: bytes, backbone: str = DEFAULT) -> LocalMatches:
    """Returns which parts of two image files match: points, boxes and a score.

    Raises ``BadImage`` if a file can't be read, ``UserError`` if there is no such network or level.
    """
    return match(patches_of(image_a, backbone), patches_of(image_b, backbone))


def patches_of(image: bytes, backbone: str = DEFAULT) -> Patches:
    """Describes the patches of an image file; raises as ``local_matches``."""
    return _described(image, _describer(backbone))


def _described(image: bytes, describe: PatchDescriber) -> Patches:
    return describe(decoded(image, describe.size))


@lru_cache(maxsize=2)
def _describer(backbone: str, device: str | None = None) -> PatchDescriber:
    return PatchDescriber(backbone, device)


def need_describer(backbone: str, device: str | None = None) -> PatchDescriber:
    """Returns the network; raises ``UserError``, naming `local_backbone`, if there is none, or no level or weights."""
    try:
        return _describer(backbone, device)
    except UserError as error:
        raise UserError(str(error).replace("`backbones`", "`local_backbone`")) from error


class ArchiveMatcher:
    """Compares images with artworks of an archive. Make it once and call it often: it keeps patches."""

    def __init__(self, archive: Archive, backbone: str | PatchDescriber = DEFAULT) -> None:
        """``backbone`` is a name or a loaded network. Raises as ``need_describer``."""
        self._archive = archive
        self._describe = need_describer(backbone) if isinstance(backbone, str) else backbone
        self._patches: OrderedDict[str, Patches | None] = OrderedDict()

    def patches(self, image: bytes) -> Patches:
        """Describes the patches of an image file. Raises ``BadImage`` if it can't be read."""
        return _described(image, self._describe)

    def of_artwork(self, identifier: str) -> Patches:
        """Describes the patches of an artwork. Raises ``UserError`` if it has no readable image."""
        patches = self.of_readable(identifier)
        if patches is None:
            raise UserError(f"{identifier}: no readable image; run jobs.scrape")
        return patches

    def of_readable(self, identifier: str) -> Patches | None:
        """Describes the patches of an artwork; None if it has no readable image."""
        self._load([identifier])
        return self._patches[identifier]

    def matches(self, query: Patches, ids: Sequence[str]) -> list[LocalMatches | None]:
        """Compares an image with these artworks; None stands for one without a readable image."""
        out: list[LocalMatches | None] = []
        for start in range(0, len(ids), _CACHED_IMAGES):
            block = ids[start : start + _CACHED_IMAGES]
            self._load(block)
            each = (self._patches[identifier] for identifier in block)
            out += [match(query, patches) if patches else None for patches in each]
        return out

    def _load(self, ids: Sequence[str]) -> None:
        """Describes artworks that are not kept; at most ``_CACHED_IMAGES``, of which those used last stay."""
        missing = [identifier for identifier in ids if identifier not in self._patches]
        patches_of = dict[str, Patches | None](dict.fromkeys(missing))
        for _, _, rows in self._archive.table("images").located(missing, ["id", "bytes"]) if missing else ():
            for row in rows.to_pylist():
                try:
                    patches_of[row["id"]] = self.patches(row["bytes"] or b"")
                except BadImage:
                    continue
        self._patches.update(patches_of)
        for identifier in ids:
            self._patches.move_to_end(identifier)
        while len(self._patches) > max(_CACHED_IMAGES, len(ids)):
            self._patches.popitem(last=False)
