"""Choices over which a model is unsure, of many random ones."""

import logging

import numpy as np
import pyarrow as pa

from artsim.archive import Archive, Mistake
from artsim.learn.annotation_neighbourhood import with_vectors
from artsim.learn.annotations import IMAGES
from artsim.learn.drawing.choices import random_choices
from artsim.learn.model import HeadEncoder, load_model

_SAMPLED = 20  # choices looked at for each that is kept
_SHARED = (2, 4, 6, IMAGES)  # images that a choice may share with those taken before it, step by step


def seen_by(archive: Archive, model: str) -> pa.Array | None:
    """The ids of which a model has a vector; None for a fine-tuned backbone, which needs the image alone."""
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
    """``count`` choices, or as many as there are anchors, int (n, 9): the most uncertain of twenty times as many."""
    sampled = random_choices(pool, np.resize(anchors, count * _SAMPLED), rng)
    used, places = np.unique(sampled, return_inverse=True)
    logging.info("asking the model %s about %d artworks", name, len(used))
    vectors = load_model(archive, name).vectors(archive, ids.take(pa.array(used)).to_pylist())
    return sampled[most_uncertain(entropies(vectors, places.reshape(sampled.shape)), sampled, count)]


def entropies(vectors: np.ndarray, choices: np.ndarray) -> np.ndarray:
    """How unsure a model is which candidate is nearest to the anchor: float64 (n,), in nats, 0 to log 8.

    The entropy of softmax(-cosine distance / temperature) over the eight. The temperature is the median, over all
    choices, of the gap between the nearest and the second nearest, so that it fits the scale of any model. ``vectors``
    is (m, d). -1 where a vector holds NaN.
    """
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit = vectors / np.where(lengths == 0, 1.0, lengths)
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
    """The rows to ask about: at most ``count``, the most uncertain first, no anchor twice, few images shared.

    A choice may share two images with those taken before it; where that gives too few, then four, six and more.
    """
    order = np.argsort(-uncertainty, kind="stable").tolist()
    taken: list[int] = []
    anchors, used = set[int](), set[int]()
    for shared in _SHARED:
        for row in order:
            if len(taken) == count:
                break
            anchor, *_ = nine = choices[row].tolist()
            if uncertainty[row] >= 0 and anchor not in anchors and sum(one in used for one in nine) <= shared:
                taken.append(row)
                anchors.add(anchor)
                used.update(nine)
    if not taken:
        raise Mistake("--model: it has no vector of numbers for any choice; train it anew")
    return np.array(taken, np.int64)
