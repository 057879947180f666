"""Exemplars and terms against naive computations; artists without words such as "workshop of"."""

import math
import re
from collections import Counter

import numpy as np
import pandas as pd
import pytest

from artsim.clusters.describe import _without_qualifier, exemplars, title_terms


def test_exemplars_are_typical_and_differ() -> None:
    rng = np.random.default_rng(0)
    vectors, labels = rng.normal(size=(60, 4)).astype(np.float32), rng.integers(-1, 3, 60)
    found = exemplars(vectors, labels)
    for cluster in range(3):
        rows = np.flatnonzero(labels == cluster)
        to_mean = {row: np.linalg.norm(vectors[row] - vectors[rows].mean(0)) for row in rows}
        typical = sorted(rows, key=to_mean.__getitem__)[: (len(rows) + 1) // 2]
        chosen = [typical[0]]
        while len(chosen) < 5:
            chosen.append(max(typical, key=lambda row: min(np.linalg.norm(vectors[row] - vectors[c]) for c in chosen)))
        assert found.all[cluster].tolist() == chosen and found.main[cluster] == chosen[0]
        assert found.distance[rows] == pytest.approx(np.linalg.norm(vectors[rows] - vectors[chosen[0]], axis=1))
    assert np.isnan(found.distance[labels == -1]).all()


def test_a_cluster_of_equal_vectors_has_one_exemplar() -> None:
    found = exemplars(np.ones((6, 2), np.float32), np.zeros(6, int))
    assert found.all[0].tolist() == [0]


def test_terms_are_those_of_class_based_tf_idf() -> None:
    rng = np.random.default_rng(1)
    vocabulary = ["harbour", "forest", "river", "castle", "garden", "Ansicht", "montagne", "le"]
    clusters = rng.integers(0, 3, 200)
    titles = [" ".join(rng.choice(np.roll(vocabulary, 2 * number)[:5], 3)) for number in clusters]
    words = [
        [
            word
            for title, number in zip(titles, clusters, strict=True)
            if number == cluster
            for word in re.findall(r"[a-z]{3,}", title.lower())
        ]
        for cluster in range(3)
    ]
    occurrences = Counter(word for title in words for word in title)
    mean = sum(map(len, words)) / 3
    found = title_terms(pd.Series(titles), pd.Series(clusters), 3)
    for cluster_words, terms in zip(words, found, strict=True):
        counts = Counter(cluster_words)
        weight = {word: counts[word] / len(cluster_words) * math.log(1 + mean / occurrences[word]) for word in counts}
        assert [weight[term] for term in terms] == pytest.approx(sorted(weight.values(), reverse=True)[: len(terms)])


def test_titles_without_words() -> None:
    assert title_terms(pd.Series(["1", None, "\x1b[31m"]), pd.Series([0, 0, 1]), 2) == [[], []]


@pytest.mark.parametrize(
    ("text", "artist"),
    [
        ("Workshop of Rembrandt", "Rembrandt"),
        ("REMBRANDT Harmenszoon (follower of)", "REMBRANDT Harmenszoon"),
        ("attributed to Titian", "Titian"),
        ("Afterman, B.", "Afterman, B."),
        ("(unknown)", "(unknown)"),
    ],
)
def test_the_artist_is_the_attribution_without_qualifiers(text: str, artist: str) -> None:
    assert _without_qualifier(text) == artist
