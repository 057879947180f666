"""Links as annotations: each linked image with one that it belongs to and seven that it does not, so that all that
learns from annotations, and every score of it, works on links as well."""

from collections import defaultdict
from collections.abc import Collection, Sequence

import numpy as np

from artsim.archive import Archive, Mistake
from artsim.learn.annotations import Annotations
from artsim.learn.links import KINDRED, NEGATIVE, POSITIVE, components, read_links

_NEGATIVES = 7
_POOLS = 5  # as in simulate: the nine are of one pool, and a split between pools loses nothing
_LEAST = 18  # images of a pool: several clusters


def link_annotations(archive: Archive, usable: Collection[str], seed: int) -> Annotations:
    """Two annotations for each positive link between ``usable`` images: from one end to the other, and back.

    The negatives are images that somebody called no match of the anchor, then others drawn (seeded) from those that no
    chain of links ties to it. Mistake if there are too few links for that.
    """
    pairs, verdicts = read_links(archive)
    known = np.array([one in usable and other in usable for one, other in pairs], bool)
    positive = _unordered(pairs[known & np.isin(verdicts, list(POSITIVE))])
    if not len(positive):
        raise Mistake("--links: no positive link ties two images that have vectors; jobs.annotations makes links")
    kin = components(pairs[np.isin(verdicts, list(KINDRED))])
    refused = defaultdict(set)
    for one, other in pairs[known & np.isin(verdicts, list(NEGATIVE))]:
        if kin.get(one, -1) != kin.get(other, -2):
            refused[one].add(other)
            refused[other].add(one)
    rng = np.random.default_rng(seed)
    images = sorted(set(positive.flat))
    pool = _pools({one: kin[one] for one in images}, rng)
    members = [[one for one in images if pool[kin[one]] == number] for number in range(_POOLS)]
    rows = []
    for anchor, match in [*positive, *positive[:, ::-1]]:
        own = members[pool[kin[anchor]]]
        rows.append([anchor, match, *_negatives(anchor, refused[anchor], [own, images], kin, rng)])
    ids = np.array([f"link:{row[0]}|{row[1]}" for row in rows], object)
    return Annotations(
        ids, np.full(len(rows), "links", object), np.array(rows, object), np.full(len(rows), "link", object)
    )


def _unordered(pairs: np.ndarray) -> np.ndarray:
    """Each pair once, whichever way round and however often it was judged; object of shape (p, 2), sorted."""
    found = sorted({(min(pair), max(pair)) for pair in pairs.tolist() if pair[0] != pair[1]})
    return np.array(found, dtype=object).reshape(-1, 2)


def _pools(component: dict[str, int], rng: np.random.Generator) -> dict[int, int]:
    """The pool of each component: about equally many images in each, in fewer pools where there are few images."""
    numbers, sizes = np.unique(list(component.values()), return_counts=True)
    filled = np.zeros(max(min(_POOLS, len(component) // _LEAST), 1))
    pool = {}
    for index in rng.permutation(len(numbers)):
        pool[int(numbers[index])] = least = int(filled.argmin())
        filled[least] += sizes[index]
    return pool


def _negatives(
    anchor: str,
    refused: Collection[str],
    sources: Sequence[Sequence[str]],
    kin: dict[str, int],
    rng: np.random.Generator,
) -> list[str]:
    """Those refused, at most seven of them, and as many as are missing from the first source that has them."""
    said = sorted(refused)
    chosen = [said[index] for index in rng.permutation(len(said))[:_NEGATIVES]]
    missing = _NEGATIVES - len(chosen)
    for source in sources:
        others = [one for one in source if kin[one] != kin[anchor] and one not in chosen]
        if len(others) >= missing:
            return [*chosen, *(others[index] for index in rng.choice(len(others), missing, replace=False))]
    raise Mistake(f"--links: beside {anchor} there are only {len(others)} linked images that it has nothing to do with")
