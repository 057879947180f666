"""Every score of a clustering against a naive computation, pair by pair or cluster by cluster."""

import itertools
import math

import numpy as np
import pytest

from artsim.metrics.clusters import (
    agreement,
    cliffs,
    dbcv,
    diversity,
    noise_share,
    novelty,
    precision_recall,
    share_together,
    silhouette,
    sizes,
    stability,
)


def _random(seed: int, rows: int = 60) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.integers(-1, 5, rows), rng.integers(-1, 7, rows)


def _naive_ari(a: list[int], b: list[int]) -> float:
    pairs = list(itertools.combinations(range(len(a)), 2))
    same_a, same_b = ([x[i] == x[j] for i, j in pairs] for x in (a, b))
    both = sum(p and q for p, q in zip(same_a, same_b, strict=True))
    expected = sum(same_a) * sum(same_b) / len(pairs)
    most = (sum(same_a) + sum(same_b)) / 2
    return (both - expected) / (most - expected)


@pytest.mark.parametrize("seed", range(5))
def test_agreement_leaves_out_noise_and_unknown_rows(seed: int) -> None:
    labels, known = _random(seed)
    rows = [row for row in range(len(labels)) if labels[row] >= 0 and known[row] >= 0]
    ari, ami = agreement(labels, known)
    assert ari == pytest.approx(_naive_ari([labels[row] for row in rows], [known[row] for row in rows]))
    assert -1 <= ami < 0.5
    assert agreement(known, known) == pytest.approx((1, 1))


def test_agreement_with_nothing_in_common_is_undefined() -> None:
    assert all(map(math.isnan, agreement(np.array([-1, 0, 1]), np.array([0, -1, 1]))))


@pytest.mark.parametrize("seed", range(5))
def test_precision_and_recall_cluster_by_cluster(seed: int) -> None:
    labels, known = _random(seed)
    precision, recall = precision_recall(labels, known)
    for cluster in range(labels.max() + 1):
        inside = [known[row] for row in range(len(labels)) if labels[row] == cluster and known[row] >= 0]
        largest = max(inside.count(group) for group in set(inside))
        recalls = [largest / list(known).count(group) for group in set(inside) if inside.count(group) == largest]
        assert precision[cluster] == pytest.approx((largest - 1) / (len(inside) - 1))
        assert recall[cluster] == pytest.approx(max(recalls))


def test_clusters_with_fewer_than_two_known_rows_have_no_score() -> None:
    precision, recall = precision_recall(np.array([0, 0, 1, 1, 2]), np.array([3, 3, 3, -1, -1]))
    assert precision.tolist()[0] == 1 and recall.tolist()[0] == pytest.approx(2 / 3)
    assert np.isnan(precision[1:]).all() and np.isnan(recall[1:]).all()
    assert precision_recall(np.array([-1, -1]), np.array([0, 0]))[0].shape == (0,)


def test_novelty() -> None:
    #                   grew by two | unknown only | known only | one known row | noise
    labels = np.array([0, 0, 0, 0, 1, 1, 2, 2, 3, 3, -1])
    known = np.array([5, 5, -1, -1, -1, -1, 6, 6, 7, -1, -1])
    assert novelty(labels, known) == (1, 2, 1)


def test_a_cluster_with_as_many_of_two_groups_extends_neither() -> None:
    assert novelty(np.zeros(5, np.int32), np.array([1, 1, 2, 2, -1])) == (0, 0, 0)


@pytest.mark.parametrize("seed", range(3))
def test_novelty_cluster_by_cluster(seed: int) -> None:
    labels, known = _random(seed, 40)
    grown, added, new = set(), 0, 0
    for cluster in range(labels.max() + 1):
        inside = [int(known[row]) for row in range(len(labels)) if labels[row] == cluster]
        counts = {group: inside.count(group) for group in sorted(set(inside) - {-1})}
        if not counts:
            new += bool(inside)
        elif max(counts.values()) >= 2 and -1 in inside and list(counts.values()).count(max(counts.values())) == 1:
            grown.add(max(counts, key=lambda group: counts[group]))
            added += inside.count(-1)
    assert novelty(labels, known) == (len(grown), added, new)


def test_shares_and_sizes() -> None:
    labels = np.array([1, 1, 0, -1, -1, 1])
    assert sizes(labels).tolist() == [1, 3]
    assert noise_share(labels) == pytest.approx(2 / 6)
    assert share_together(labels, np.array([[0, 1], [0, 2], [3, 4], [5, 0]])) == 0.5
    assert math.isnan(share_together(labels, np.empty((0, 2), int)))


def test_silhouette_row_by_row() -> None:
    rng = np.random.default_rng(0)
    vectors, labels = rng.normal(size=(40, 3)), rng.integers(-1, 3, 40)
    rows = np.flatnonzero(labels >= 0)
    values = []
    for row in rows:
        means = {
            cluster: np.mean(
                [
                    np.linalg.norm(vectors[row] - vectors[other])
                    for other in rows
                    if labels[other] == cluster and other != row
                ]
            )
            for cluster in range(3)
        }
        own = means.pop(labels[row])
        other = min(means.values())
        values.append((other - own) / max(own, other))
    assert silhouette(vectors, labels) == pytest.approx(np.mean(values))
    assert math.isnan(silhouette(vectors, np.zeros(40, int)))


def test_a_silhouette_of_many_rows_is_sampled() -> None:
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 2, 6000)
    vectors = (rng.normal(size=(6000, 2)) + 4 * labels[:, None]).astype(np.float32)
    from sklearn.metrics import silhouette_score

    assert silhouette(vectors, labels, 1) == pytest.approx(silhouette_score(vectors, labels), abs=0.02)


def test_dbcv_prefers_the_separated_clusters() -> None:
    rng = np.random.default_rng(0)
    vectors = np.concatenate([rng.normal(size=(30, 2)), rng.normal(size=(30, 2)) + 20]).astype(np.float32)
    right, wrong = np.repeat([0, 1], 30), np.tile([0, 1], 30)
    assert dbcv(vectors, right) > 0.5 > 0 > dbcv(vectors, wrong)
    assert math.isnan(dbcv(vectors, np.zeros(60, int)))
    assert math.isnan(dbcv(np.zeros((6000, 2), np.float32), np.tile([0, 1], 3000)))


def test_stability_is_the_mean_of_the_resamples() -> None:
    labels = np.array([0, 0, 1, 1, -1, 2, 2])
    first, second = np.array([0, 1, 2, 3]), np.array([0, 2, 4, 5, 6])
    again = [(first, np.array([1, 1, 0, 0])), (second, np.array([0, 0, 1, 1, 1]))]
    expected = (1 + _naive_ari(labels[second].tolist(), [0, 0, 1, 1, 1])) / 2
    assert stability(labels, again) == pytest.approx(expected)


def test_cliffs() -> None:
    assert cliffs([5, 6, 10, 12], [53, 3, 4, 5]) == [(0, 1)]
    assert cliffs([5, 20], [53, 3]) == []  # no small change
    assert cliffs([5, 10], [10, 5]) == []  # exactly half
    assert cliffs([5, 10], [3, 8]) == [(0, 1)]


def test_diversity_is_the_share_of_differing_pairs_with_replacement() -> None:
    values = ["a", "a", "b", "c"]
    pairs = list(itertools.product(values, values))
    assert diversity(np.array([2, 1, 1])) == pytest.approx(sum(a != b for a, b in pairs) / len(pairs))
    assert math.isnan(diversity(np.array([], int)))
