"""Words that set classes of texts apart, against naive computations."""

import math
from collections import Counter

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from artsim.text.terms import class_tf_idf, decorrelated_terms, distinctive_terms, terms_of


def test_class_based_tf_idf_is_that_of_its_formula() -> None:
    counts = np.random.default_rng(0).integers(0, 5, (4, 30))
    counts[:, 7] = 0
    weights = class_tf_idf(csr_matrix(counts)).toarray()
    mean = counts.sum() / 4
    for row in range(4):
        for word in range(30):
            occurrences = counts[:, word].sum()
            share = counts[row, word] / counts[row].sum()
            expected = share * math.log(1 + mean / occurrences) if occurrences else 0
            assert weights[row, word] == pytest.approx(expected)


def test_words_of_a_topic_differ_and_belong_to_one_topic() -> None:
    vocabulary = ["boat", "boats", "sail", "tree", "wood", "leaf"]
    weights = csr_matrix([[9, 8, 7, 1, 0, 0], [1, 0, 0, 5, 4.9, 4]])
    documents = csr_matrix([[1, 1, 0, 0, 0, 0], [0, 0, 1, 0, 0, 0], [0, 0, 0, 1, 1, 0], [0, 0, 0, 0, 0, 1]])
    boats, trees = decorrelated_terms(weights, documents, vocabulary, 3)
    assert boats == ["boat", "sail"]  # "boats" is a form of "boat"
    assert trees == ["tree", "leaf", "wood"]  # "wood" stands in the texts of "tree"
    assert not set(boats) & set(trees)


def test_relevance_and_difference_are_weighed_as_documented() -> None:
    rng = np.random.default_rng(3)
    vocabulary = ["alder", "birch", "cedar", "maple", "olive", "poplar"]
    weights, documents = rng.random((1, 6)), rng.random((20, 6)) * (rng.random((20, 6)) < 0.4)
    found = decorrelated_terms(csr_matrix(weights), csr_matrix(documents), vocabulary, 6)[0]
    unit = documents / np.linalg.norm(documents, axis=0)
    chosen: list[int] = []
    while len(chosen) < 6:

        def value(word: int) -> float:
            closest = max((float(unit[:, word] @ unit[:, other]) for other in chosen), default=0.0)
            return 0.7 * weights[0, word] / weights.max() - 0.3 * closest

        chosen.append(max((word for word in range(6) if word not in chosen), key=value))
    assert found == [vocabulary[word] for word in chosen]


def test_words_are_without_stop_words_short_words_and_the_artist() -> None:
    text = "Die Brücke von Émile über den Fluß; ein Öl-Bild"
    assert terms_of(text, "de", frozenset({"emile"})) == ["brücke", "fluß", "bild"]
    assert Counter(terms_of("a view of the harbour, the Harbour", "en")) == {"view": 1, "harbour": 2}
    assert terms_of("\x00\x1b[31m 123 !!", "en") == []


def test_a_word_of_one_occurrence_is_not_a_term_whatever_the_order_of_words() -> None:
    documents = ["The harbour " * 28 + "a forest", "A forest " * 27, "The harbour " * 27]
    assert distinctive_terms(documents, 5) == [["harbour"], ["forest"], ["harbour"]]
