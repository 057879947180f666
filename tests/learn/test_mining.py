"""Mined negatives compared with plain loops, on many small random archives."""

import math

import numpy as np
import pytest
import torch

from artsim.errors import UserError
from artsim.learn import mining
from artsim.learn.mining import mine


def made(seed, m=60, n=12, d=4, known=6):
    rng = np.random.default_rng(seed)
    embedding = rng.normal(size=(m, d)).astype(np.float32)
    judged = np.stack([rng.permutation(m)[:9] for _ in range(n)])
    groups = rng.integers(-1, known, m)
    return embedding, judged, groups


def away(a, b, distance):
    if distance == "cosine":
        a, b = a / math.sqrt(sum(x * x for x in a)), b / math.sqrt(sum(x * x for x in b))
    return math.sqrt(sum((x - y) ** 2 for x, y in zip(a.tolist(), b.tolist(), strict=True)))


def allowed(row, groups):
    related_groups = {groups[row[0]], groups[row[1]]} - {-1}
    return [image for image in range(len(groups)) if image not in row and groups[image] not in related_groups]


def foremost(embedding, row, groups, kind, distance):
    """Returns all images that may be mined, most informative first, and how many are truly of the kind."""
    to_anchor = {image: away(embedding[row[0]], embedding[image], distance) for image in range(len(groups))}
    candidates = sorted(allowed(row, groups), key=to_anchor.__getitem__)
    if kind == "hard":
        return candidates, len(candidates)
    farther = [image for image in candidates if to_anchor[image] > to_anchor[row[1]]]
    return farther + [image for image in reversed(candidates) if to_anchor[image] <= to_anchor[row[1]]], len(farther)


@pytest.mark.parametrize("distance", ["cosine", "euclidean"])
@pytest.mark.parametrize("kind", ["hard", "semihard"])
@pytest.mark.parametrize("seed", range(20))
def test_negatives_are_the_nearest_allowed_ones(kind, distance, seed):
    embedding, judged, groups = made(seed)
    count = 1 + seed % 5
    negatives = mine(embedding, judged, groups, kind, count, np.random.default_rng(seed), distance=distance)
    assert negatives.shape == (len(judged), count) and negatives.dtype == np.int64
    for row, mined in zip(judged.tolist(), negatives.tolist(), strict=True):
        candidates, true = foremost(embedding, row, groups, kind, distance)
        assert set(mined) <= set(candidates[: max(min(4 * count, true), count)]), (
            "the foremost, none of its own or a relative"
        )
        assert len(set(mined)) == count, "each once"


@pytest.mark.parametrize("kind", ["hard", "semihard"])
def test_all_nearest_candidates_are_drawn_eventually(kind):
    embedding, judged, groups = made(1, n=1)
    chosen = {int(image) for seed in range(60) for image in mine(embedding, judged, groups, kind, 2, _rng(seed)).flat}
    candidates, true = foremost(embedding, judged[0].tolist(), groups, kind, "cosine")
    assert chosen == set(candidates[: min(8, true)])


@pytest.mark.parametrize("kind", ["hard", "semihard"])
def test_batch_size_does_not_change_the_result(kind, monkeypatch):
    embedding, judged, groups = made(2)
    whole = mine(embedding, judged, groups, kind, 3, _rng(0))
    monkeypatch.setattr(mining, "_ENTRIES", 130)  # two annotations at a time
    np.testing.assert_array_equal(mine(embedding, judged, groups, kind, 3, _rng(0)), whole)
    monkeypatch.setattr(mining, "_ENTRIES", 1)
    np.testing.assert_array_equal(mine(torch.from_numpy(embedding), judged, groups, kind, 3, _rng(0)), whole)


def test_only_candidates_are_drawn():
    embedding, judged, groups = made(3)
    candidates = np.arange(0, 60, 2)
    negatives = mine(embedding, judged, groups, "hard", 3, _rng(0), candidates=candidates)
    assert set(negatives.flat) <= set(candidates.tolist())
    for row, mined in zip(judged.tolist(), negatives.tolist(), strict=True):
        expected = [image for image in foremost(embedding, row, groups, "hard", "cosine")[0] if image % 2 == 0]
        assert set(mined) <= set(expected[:12])


def test_too_few_candidates_is_a_user_error():
    embedding, judged, _ = made(4, m=12)
    related_groups = np.zeros(12, np.int64)
    with pytest.raises(UserError, match="`mined` 3: an annotation has only 0 candidates"):
        mine(embedding, judged, related_groups, "hard", 3, _rng(0))
    ungrouped = np.full(12, -1)
    for kind in ("hard", "semihard"):  # exactly enough
        negatives = mine(embedding, judged, ungrouped, kind, 3, _rng(0))
        assert [sorted(row) for row in negatives.tolist()] == [allowed(row, ungrouped) for row in judged.tolist()]


@pytest.mark.parametrize("kind", ["hard", "semihard"])
@pytest.mark.parametrize("value", [0.0, 1.0, np.nan])
def test_a_collapsed_or_nan_embedding_mines_only_allowed_rows(kind, value):
    embedding, judged, groups = made(5)
    embedding[:] = value
    for row, mined in zip(judged.tolist(), mine(embedding, judged, groups, kind, 4, _rng(0)).tolist(), strict=True):
        assert set(mined) <= set(allowed(row, groups)) and len(set(mined)) == 4


def _rng(seed):
    return np.random.default_rng(seed)
