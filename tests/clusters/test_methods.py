"""Methods against naive computations, their numbering, and the names of combinations."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from artsim.clusters.combinations import combinations
from artsim.clusters.methods import cluster
from artsim.clusters.options import ClusterOptions
from artsim.errors import UserError
from artsim.metrics.clusters import agreement


def _blobs(seed: int = 0, rows: int = 40) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    centers = np.array([[0, 0, 0], [12, 0, 0], [0, 12, 0]])
    groups = np.repeat([0, 1, 2], [rows, rows - 10, rows - 20])
    return (centers[groups] + rng.normal(size=(len(groups), 3))).astype(np.float32), groups


@pytest.mark.parametrize(
    ("method", "parameters"),
    [
        ("hdbscan", {"min_cluster_size": 8, "selection": "eom"}),
        ("optics", {"min_cluster_size": 8, "min_samples": 8}),
        ("dbscan", {"eps": 2.5, "min_samples": 4}),
        ("kmeans", {"k": 3}),
        ("trimmed-kmeans", {"k": 3, "outliers": 0.1}),
        ("ward", {"k": 3}),
        ("ward", {"threshold": 40.0}),
        ("spectral", {"k": 3}),
    ],
)
def test_every_method_finds_separated_groups_and_numbers_them_by_size(method: str, parameters: dict) -> None:
    vectors, groups = _blobs()
    found = cluster(method, parameters, vectors).labels
    assert found.dtype == np.int32
    sizes = np.bincount(found[found >= 0])
    assert sizes.tolist() == sorted(sizes, reverse=True)
    assert agreement(found, groups)[0] > 0.8
    assert cluster(method, parameters, vectors).labels.tolist() == found.tolist()


def test_trimmed_kmeans_sets_aside_the_rows_farthest_from_the_centers_of_the_others() -> None:
    rng = np.random.default_rng(4)
    vectors = np.concatenate([_blobs()[0], rng.uniform(30, 60, (10, 3))]).astype(np.float32)
    labels = cluster("trimmed-kmeans", {"k": 3, "outliers": 0.1}, vectors).labels
    assert (labels == -1).sum() == int(0.1 * len(vectors))
    centers = np.stack([vectors[labels == label].mean(0) for label in range(3)])
    distance = cdist(vectors, centers)
    inside = labels >= 0
    assert (distance.argmin(1)[inside] == labels[inside]).all()
    assert distance.min(1)[~inside].min() >= distance.min(1)[inside].max()


def test_trimmed_kmeans_without_outliers_is_kmeans() -> None:
    vectors = _blobs()[0]
    trimmed = cluster("trimmed-kmeans", {"k": 3, "outliers": 0.0}, vectors).labels
    assert trimmed.tolist() == cluster("kmeans", {"k": 3}, vectors).labels.tolist()


def test_the_default_eps_is_the_median_distance_to_a_neighbor() -> None:
    vectors = _blobs()[0]
    fifth = np.sort(cdist(vectors, vectors), axis=1)[:, 5]
    (note,) = cluster("dbscan", {}, vectors).notes
    assert f"eps {np.median(fifth):.4g}," in note


def _chosen(**options: object) -> list[tuple[str, str]]:
    return [(combination.name, combination.title) for combination in combinations(ClusterOptions(**options), "dots")]


def test_names_of_combinations() -> None:
    assert _chosen() == [("dots-hdbscan", "hdbscan min_cluster_size=10 eom")]
    assert _chosen(name="mine") == [("mine", "hdbscan min_cluster_size=10 eom")]
    assert _chosen(method=("ward", "kmeans"), k=(5,), name="mine") == [
        ("mine-ward", "ward k=5"),
        ("mine-kmeans", "kmeans k=5"),
    ]
    several = _chosen(min_cluster_size=(5, 10, 5), min_samples=(3, 4), name="mine")
    assert [name for name, _ in several] == [
        f"mine-min-cluster-size-{size}-min-samples-{samples}" for size in (5, 10) for samples in (3, 4)
    ]
    assert _chosen(method=("ward",), k=(5,), threshold=(2.5,)) == [
        ("dots-ward-k-5", "ward k=5"),
        ("dots-ward-threshold-2.5", "ward threshold=2.5"),
    ]
    assert _chosen(within="paintings:3") == [("paintings-3-hdbscan", "hdbscan min_cluster_size=10 eom")]


@pytest.mark.parametrize("name", ["", "a/b", "..", "a\nb", "é", "a" * 201])
def test_odd_names_are_refused(name: str) -> None:
    with pytest.raises(UserError, match="`name`"):
        combinations(ClusterOptions(name=name, method=("kmeans",), k=(2,)), "dots")
