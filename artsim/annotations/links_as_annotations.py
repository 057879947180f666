"""Links as annotations: each linked image with one related image and seven unrelated ones.

All training and scoring of annotations then works on links as well.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence

import numpy as np

from artsim.annotations.annotations import Annotations
from artsim.annotations.links import NEGATIVE, POSITIVE, RELATED, components, read_links
from artsim.archive import Archive, UserError

_NEGATIVES = 7
_POOLS = 5  # as in simulate: images of an annotation share a pool, so splits between pools exclude none
_MIN_IMAGES_PER_POOL = 18  # images in a pool, enough for several clusters


def link_annotations(archive: Archive, usable: Collection[str], seed: int) -> Annotations:
    """Returns two annotations for each positive link between ``usable`` images: from one end to the other, and back.

    The negatives are images that somebody judged not to match the anchor, then others, drawn (seeded) from images that
    no chain of links connects to it. Raises a user error if there are too few links.
    """
    pairs, verdicts = read_links(archive)
    known = np.array([first in usable and second in usable for first, second in pairs], bool)
    positive = _unordered(pairs[known & np.isin(verdicts, list(POSITIVE))])
    if not len(positive):
        raise UserError(
            "`links`: no positive link connects two images that have vectors; add links with jobs.annotations"
        )
    component_of = components(pairs[np.isin(verdicts, list(RELATED))])
    judged_negative = defaultdict(set)
    for first, second in pairs[known & np.isin(verdicts, list(NEGATIVE))]:
        if component_of.get(first, -1) != component_of.get(second, -2):
            judged_negative[first].add(second)
            judged_negative[second].add(first)
    rng = np.random.default_rng(seed)
    images = sorted(set(positive.flat))
    pool = _pools({image: component_of[image] for image in images}, rng)
    members = [[image for image in images if pool[component_of[image]] == number] for number in range(_POOLS)]
    rows = []
    for anchor, positive_id in [*positive, *positive[:, ::-1]]:
        pool_members = members[pool[component_of[anchor]]]
        rows.append(
            [
                anchor,
                positive_id,
                *_negatives(anchor, judged_negative[anchor], [pool_members, images], component_of, rng),
            ]
        )
    ids = np.array([f"link:{row[0]}|{row[1]}" for row in rows], object)
    return Annotations(
        ids, np.full(len(rows), "links", object), np.array(rows, object), np.full(len(rows), "link", object)
    )


def _unordered(pairs: np.ndarray) -> np.ndarray:
    """Returns each pair once, in whatever order and however often it was judged; object (p, 2), sorted."""
    unique_pairs = sorted({(min(pair), max(pair)) for pair in pairs.tolist() if pair[0] != pair[1]})
    return np.array(unique_pairs, dtype=object).reshape(-1, 2)


def _pools(component: dict[str, int], rng: np.random.Generator) -> dict[int, int]:
    """Returns the pool of each component: about equally many images in each, and fewer pools for few images."""
    numbers, sizes = np.unique(list(component.values()), return_counts=True)
    pool_sizes = np.zeros(max(min(_POOLS, len(component) // _MIN_IMAGES_PER_POOL), 1))
    pool = {}
    for index in rng.permutation(len(numbers)):
        pool[int(numbers[index])] = smallest = int(pool_sizes.argmin())
        pool_sizes[smallest] += sizes[index]
    return pool


def _negatives(
    anchor: str,
    judged_negative: Collection[str],
    sources: Sequence[Sequence[str]],
    component_of: dict[str, int],
    rng: np.random.Generator,
) -> list[str]:
    """Returns seven negatives: refused images first, the missing ones from the first source that has enough."""
    negative_images = sorted(judged_negative)
    negatives = [negative_images[index] for index in rng.permutation(len(negative_images))[:_NEGATIVES]]
    missing = _NEGATIVES - len(negatives)
    for source in sources:
        unrelated = [
            image for image in source if component_of[image] != component_of[anchor] and image not in negatives
        ]
        if len(unrelated) >= missing:
            return [*negatives, *(unrelated[index] for index in rng.choice(len(unrelated), missing, replace=False))]
    raise UserError(
        f"`links`: only {len(unrelated)} linked images are unrelated to {anchor}, too few for its negatives"
    )
