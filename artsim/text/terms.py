"""Words that set classes of texts apart."""

from collections.abc import Sequence

import numpy as np
from scipy.sparse import csr_matrix

from artsim.text.languages import language_of, stop_words
from artsim.text.words import words

_SHORTEST, _LONGEST = 3, 40  # letters of a word that counts; longer ones are no words
_POOL = 8  # words that are considered for each one that is chosen
_MIN_SIMILARITY = 85.0  # similarity (0 to 100) of forms of one word: painting, paintings
_RELEVANCE = 0.7  # weight of the relevance against the difference from words that were chosen


def terms_of(text: str, language: str, without: frozenset[str] = frozenset()) -> list[str]:
    """Returns the words of a text in lower case, except short and overlong ones, stop words and ``without``."""
    left_out = stop_words(language) | without
    return [
        text[word.start : word.end].lower()
        for word in words(text)
        if _SHORTEST <= len(word.plain) <= _LONGEST and word.plain not in left_out
    ]


def class_tf_idf(counts: csr_matrix) -> csr_matrix:
    """Returns the weight of each word in each class from its ``counts`` (classes, words).

    Class-based tf-idf (Grootendorst 2022, BERTopic): the share of a class's words that are the word, times
    log(1 + A / f), with A the mean number of words per class and f how often the word occurs in all of them.
    """
    counts = csr_matrix(counts, dtype=np.float64, copy=True)  # otherwise sorting its indices would change the caller's
    occurrences = np.asarray(counts.sum(0)).ravel()
    rarity = np.log(1 + counts.sum() / max(counts.shape[0], 1) / np.maximum(occurrences, 1))
    share = counts.multiply(1 / np.maximum(counts.sum(1), 1))
    return csr_matrix(share.multiply(rarity))


def distinctive_terms(documents: Sequence[str], most: int) -> list[list[str]]:
    """Returns up to ``most`` terms that set each document apart by class-based tf-idf, best first.

    A document has a title on each line. A word counts from its second occurrence in a document. The stop words of a
    title's language are left out.
    """
    from sklearn.feature_extraction.text import CountVectorizer

    vectorizer = CountVectorizer(analyzer=_terms_of_titles)
    try:
        counts = vectorizer.fit_transform(documents).tocsr()
    except ValueError:  # no document has a word
        return [[] for _ in documents]
    weights = class_tf_idf(counts).multiply(counts >= 2).tocsr()
    vocabulary = vectorizer.get_feature_names_out()
    return [[str(vocabulary[column]) for column in _best(weights, row, most)] for row in range(len(documents))]


def _terms_of_titles(document: str) -> list[str]:
    return [
        term
        for title in document.split("\n")
        for term in terms_of(title, language_of(word.plain for word in words(title)))
    ]


def decorrelated_terms(
    weights: csr_matrix, documents: csr_matrix, vocabulary: Sequence[str], most: int
) -> list[list[str]]:
    """Returns up to ``most`` words for each class that differ from each other and from those of other classes.

    ``weights`` (classes, words) are those of the words, ``documents`` (n, words) their weights in single texts. A word
    belongs to the class where its weight is largest. Words are chosen by maximal marginal relevance (Carbonell and
    Goldstein 1998): high weight, but found in other texts than words that were chosen. Forms of one word count once.
    """
    from rapidfuzz import fuzz

    owner = np.asarray(weights.argmax(0)).ravel()
    columns = documents.tocsc()
    length = np.sqrt(np.asarray(columns.multiply(columns).sum(0)).ravel())
    terms = []
    for row in range(weights.shape[0]):
        pool = [column for column in _best(weights, row, most * _POOL) if owner[column] == row]
        relevance = np.asarray(weights[row, pool].todense()).ravel()
        relevance = relevance / max(relevance.max(initial=0.0), 1e-12)
        vectors = columns[:, pool].multiply(1 / np.maximum(length[pool], 1e-12)).tocsc()
        likeness = np.asarray((vectors.T @ vectors).todense())
        chosen: list[int] = []
        closest = np.zeros(len(pool))
        allowed = np.ones(len(pool), bool)
        while allowed.any() and len(chosen) < most:
            value = np.where(allowed, _RELEVANCE * relevance - (1 - _RELEVANCE) * closest, -np.inf)
            best = int(value.argmax())
            chosen.append(best)
            closest = np.maximum(closest, likeness[best])
            word = vocabulary[pool[best]]
            allowed &= np.array([fuzz.ratio(word, vocabulary[column]) < _MIN_SIMILARITY for column in pool])
        terms.append([str(vocabulary[pool[place]]) for place in chosen])
    return terms


def _best(weights: csr_matrix, row: int, most: int) -> list[int]:
    """Returns the columns with the largest weights in a row, best first; of equal ones, the first."""
    start, stop = weights.indptr[row], weights.indptr[row + 1]
    columns, values = weights.indices[start:stop], weights.data[start:stop]
    order = np.lexsort((columns, -values))[:most]
    return [int(columns[place]) for place in order if values[place] > 0]
