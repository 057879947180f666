"""Choices about which a model is unsure: it finds several candidates near the anchor, and about equally near."""

import logging

import numpy as np
import pyarrow as pa

from artsim.annotations.annotations import IMAGES
from artsim.annotations.near_candidates import with_vectors
from artsim.archive import Archive, UserError
from artsim.encoders.model import HeadEncoder, load_model
from artsim.metrics.vectors import unit_length

_MAX_SCORED = 5000  # artworks drawn at random, whose vectors are held in memory
_DRAWN_PER_ANCHOR = 41  # artworks drawn for each anchor; the eight nearest are its candidates
_SAMPLED = 20  # choices sampled for each that is kept
_SHARED = (2, 4, 6, IMAGES)  # images that a choice may share with those taken before it, relaxed step by step


def seen_by(archive: Archive, model: str) -> pa.Array | None:
    """Returns the ids that a model has a vector for; None for a fine-tuned backbone, which only needs the image."""
    encoder = load_model(archive, model).encoder(archive)
    return with_vectors(encoder.space) if isinstance(encoder, HeadEncoder) else None


def uncertain_choices(
    archive: Archive,
    name: str,
    ids: pa.Array,
    pool: np.ndarray,
    anchors: np.ndarray,
    count: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Returns ``count`` choices, or as many as there are anchors, about which a model is least sure; int (n, 9).

    The candidates are the eight of forty random artworks that the model finds nearest; one of twenty choices is kept.
    """
    others = rng.permutation(np.setdiff1d(np.flatnonzero(pool >= 0), anchors))
    looked_at = np.concatenate([anchors, others])[: max(_MAX_SCORED, 2 * count)]
    logging.info("model %s: computing the vectors of %d artworks", name, len(looked_at))
    vectors = load_model(archive, name).vectors(archive, ids.take(pa.array(looked_at)).to_pylist())
    unit = unit_length(vectors)
    sampled = nearest_choices(unit, pool[looked_at], min(len(anchors), len(looked_at)), count * _SAMPLED, rng)
    return looked_at[sampled[most_uncertain(entropies(unit, sampled), sampled, count)]]


def nearest_choices(
    unit: np.ndarray, pool: np.ndarray, anchors: int, count: int, rng: np.random.Generator
) -> np.ndarray:
    """Returns ``count`` choices: candidates are the nearest eight, by a model, of forty others of the anchor's pool.

    ``unit``, (m, d), are vectors of length 1, those of the ``anchors`` first. Anchors are used in turn. Candidates are
    in random order. Anchors with fewer than eight others in their pool are skipped.
    """
    members = {number: np.flatnonzero(pool == number) for number in np.unique(pool).tolist()}
    rows = []
    for anchor in np.resize(np.arange(anchors), count).tolist():
        in_pool = members[int(pool[anchor])]
        if len(in_pool) < IMAGES:
            continue
        drawn = in_pool[rng.choice(len(in_pool), min(_DRAWN_PER_ANCHOR, len(in_pool)), replace=False)]
        drawn = drawn[drawn != anchor]
        nearest = np.argsort(-(unit[drawn] @ unit[anchor]), kind="stable")[: IMAGES - 1]  # NaN comes last
        rows.append([anchor, *rng.permutation(drawn[nearest])])
    return np.array(rows, np.int64).reshape(-1, IMAGES)


def entropies(unit: np.ndarray, choices: np.ndarray) -> np.ndarray:
    """Returns how unsure a model is about which candidate is nearest to the anchor: float64 (n,), in nats, 0 to log 8.

    This is the entropy of softmax(-cosine distance / temperature) over the eight. The temperature is the median, over
    all choices, of the gap between the nearest and the second nearest, so that it fits the scale of any model.
    ``unit``, (m, d), are vectors of length 1. The result is -1 where a vector holds NaN.
    """
    near = np.einsum("nd,nkd->nk", unit[choices[:, 0]], unit[choices[:, 1:]]).astype(np.float64)
    ordered = np.sort(near, axis=1)
    gaps = ordered[:, -1] - ordered[:, -2]
    finite = np.isfinite(gaps)
    temperature = max(float(np.median(gaps[finite])) if finite.any() else 0.0, 1e-9)
    weights = np.exp((near - ordered[:, -1:]) / temperature)
    shares = weights / weights.sum(1, keepdims=True)
    entropy = -(shares * np.log(np.maximum(shares, 1e-300))).sum(1)
    return np.where(finite, entropy, -1.0)


def most_uncertain(uncertainty: np.ndarray, choices: np.ndarray, count: int) -> np.ndarray:
    """Returns the rows to ask about: at most ``count``, the most uncertain first, no anchor twice, few images shared.

    A choice may share two images with those taken before it; if that gives too few, then four, six, and finally all.
    """
    order = np.argsort(-uncertainty, kind="stable").tolist()
    taken: list[int] = []
    anchors, used = set[int](), set[int]()
    for shared in _SHARED:
        for row in order:
            if len(taken) == count:
                break
            anchor, *_ = choice = choices[row].tolist()
            if uncertainty[row] >= 0 and anchor not in anchors and sum(image in used for image in choice) <= shared:
                taken.append(row)
                anchors.add(anchor)
                used.update(choice)
    if not taken:
        raise UserError("`model`: the model has no finite vector for any choice; train it again")
    return np.array(taken, np.int64)
