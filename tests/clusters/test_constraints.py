"""Links as constraints: transitive and contradictory ones, and what clusterings keep of them."""

import numpy as np
import pytest

from artsim.annotations.links import Link, add_links
from artsim.clusters.constraints import constraint_report, constraints_of, contradictions, linked_pairs
from artsim.clusters.methods import cluster
from tests.made import make_archive, named

_NONE = np.empty((0, 2), np.int64)
_HOW = {"min_cluster_size": 5, "selection": "eom"}


def _blobs(*centers: float, rows: int = 30) -> np.ndarray:
    rng = np.random.default_rng(3)
    return np.concatenate([rng.normal(size=(rows, 2)) * 0.3 + center for center in centers]).astype(np.float32)


def test_accepted_pairs_are_transitive() -> None:
    constraints = constraints_of(np.array([[0, 1], [1, 2], [4, 5]]), _NONE, 7)
    groups = [set(np.flatnonzero(constraints.group == group).tolist()) for group in range(constraints.groups)]
    assert sorted(groups, key=min) == [{0, 1, 2}, {3}, {4, 5}, {6}]
    assert sorted(constraints.weights()) == [1, 1, 2, 3]


def test_means_are_those_of_the_merged_rows() -> None:
    vectors = np.arange(14, dtype=np.float32).reshape(7, 2)
    constraints = constraints_of(np.array([[0, 1], [1, 6]]), _NONE, 7)
    for group, mean in enumerate(constraints.means(vectors)):
        assert mean == pytest.approx(vectors[constraints.group == group].mean(0))


def test_a_chain_that_joins_a_rejected_pair_is_a_contradiction() -> None:
    rejected = np.array([[0, 3], [0, 4], [1, 2]])
    constraints = constraints_of(np.array([[0, 1], [1, 2], [2, 3]]), rejected, 5)
    assert constraints.contradictory.tolist() == [True, False, True]
    ids = np.array(list("abcde"), object)
    assert contradictions(constraints, ids) == [{"id_a": "a", "id_b": "d"}, {"id_a": "b", "id_b": "c"}]
    matrix = constraints.cannot_link().toarray()
    first, last = constraints.group[0], constraints.group[4]
    assert matrix[first, last] == matrix[last, first] == 1 and matrix.sum() == 2


def test_rejected_pairs_are_kept_apart_also_those_of_merged_rows() -> None:
    vectors = _blobs(0, 10, 20)
    accepted, rejected = np.array([[0, 1], [1, 2]]), np.array([[2, 5], [31, 40]])
    free = cluster("hdbscan", _HOW, vectors)
    assert free.labels[2] == free.labels[5] >= 0 and free.labels[31] == free.labels[40] >= 0
    constraints = constraints_of(accepted, rejected, 90)
    labels = cluster("hdbscan", _HOW, vectors, constraints=constraints).labels
    for merged in (0, 1, 2):
        assert labels[merged] == labels[0]
        assert labels[merged] != labels[5] or labels[5] == -1
    assert labels[31] != labels[40] or labels[31] == -1
    report = constraint_report(labels, constraints, 0)
    assert report["broken_rejected"] == 0 and report["rejected_apart"] == 1


@pytest.mark.parametrize("seed", range(5))
def test_no_rejected_pair_is_ever_in_one_cluster(seed: int) -> None:
    rng = np.random.default_rng(seed)
    vectors = _blobs(0, 4, 8, rows=25)
    accepted, rejected = rng.integers(75, size=(8, 2)), rng.integers(75, size=(25, 2))
    constraints = constraints_of(accepted, rejected, 75)
    labels = cluster("hdbscan", _HOW, vectors, constraints=constraints).labels
    for (a, b), contradictory in zip(rejected, constraints.contradictory, strict=True):
        assert contradictory or labels[a] == -1 or labels[a] != labels[b]
    for a, b in accepted:
        assert labels[a] == labels[b]  # in one cluster, or both noise


def test_merged_rows_far_from_all_others_become_a_cluster() -> None:
    vectors = np.concatenate([_blobs(0, 10), np.float32([[50, y] for y in range(0, 60, 10)])])
    accepted = np.array([[row, row + 1] for row in range(60, 65)])
    labels = cluster("hdbscan", _HOW, vectors, constraints=constraints_of(accepted, _NONE, 66)).labels
    assert len(set(labels[60:])) == 1 and labels[60] >= 0 and labels[60] not in labels[:60]


def test_what_a_clustering_keeps_is_counted_pair_by_pair() -> None:
    labels = np.array([0, 0, 1, -1, -1])
    constraints = constraints_of(np.array([[0, 1], [0, 2], [3, 4]]), np.array([[0, 1], [3, 4], [1, 2]]), 5)
    assert constraint_report(labels, constraints, 2) == {
        "accepted": 3,
        "rejected": 3,
        "without_vectors": 2,
        "contradictory": 3,
        "broken_accepted": 2,
        "broken_rejected": 1,
        "accepted_in_one_cluster": 0.3333,
        "rejected_apart": 0.6667,
    }


def test_links_are_read_as_pairs_of_rows(tmp_path) -> None:
    ids = named(6)
    archive = make_archive(tmp_path, ids)
    links = [(0, 1, "POSITIVE"), (1, 0, "POSITIVE"), (2, 3, "NEGATIVE"), (3, 4, "WRONG"), (4, 5, "SIMILAR")]
    add_links(archive, [Link(ids[a], ids[b], verdict, "eva", None, None) for a, b, verdict in links])
    add_links(archive, [Link(ids[0], "made:gone", "POSITIVE", "eva", None, None)])
    accepted, rejected, missing = linked_pairs(archive, np.array(ids, object))
    assert accepted.tolist() == [[0, 1]] and rejected.tolist() == [[2, 3], [3, 4]] and missing == 1
