"""Topics of texts: non-negative matrix factorization or k-means of tf-idf, and the topic of a new text."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

_VOCABULARY = 20_000  # the most frequent words that are used
_FREQUENT = 0.5  # share of the texts above which a word says nothing
_FEW_TEXTS = 20  # texts below which a word may occur in one text, or in most
_ROUNDS = 400


@dataclass(frozen=True)
class TopicModel:
    """A vocabulary (words,), the inverse document frequency of each word, and ``components`` (topics, words).

    Rows of ``components`` have length 1. Topics are numbered by their number of texts, the largest first.
    """

    method: str
    vocabulary: np.ndarray
    idf: np.ndarray
    components: np.ndarray

    @classmethod
    def fit(cls, texts: Sequence[Sequence[str]], topics: int, method: str, seed: int) -> "TopicModel":
        """Fits topics to texts, each a list of words. There must be at least as many different texts as topics."""
        vocabulary, idf = _vocabulary(texts)
        model = cls(method, vocabulary, idf, np.zeros((0, len(vocabulary)), np.float32))
        weights = model.weights(texts)
        components = (_nmf if method == "nmf" else _kmeans)(weights, topics, seed)
        length = np.linalg.norm(components, axis=1, keepdims=True)
        components = components[length[:, 0] > 0] / length[length[:, 0] > 0]
        fitted = cls(method, vocabulary, idf, components.astype(np.float32))
        topic = fitted.assign(weights)[0]
        sizes = np.bincount(topic[topic >= 0], minlength=len(components))
        return cls(method, vocabulary, idf, fitted.components[np.argsort(-sizes, kind="stable")])

    def counts(self, texts: Sequence[Sequence[str]]) -> csr_matrix:
        """Returns how often each word of the vocabulary occurs in each text (n, words)."""
        from sklearn.feature_extraction.text import CountVectorizer

        place = {word: column for column, word in enumerate(self.vocabulary.tolist())}
        return CountVectorizer(analyzer=lambda words: words, vocabulary=place).transform(texts).tocsr()

    def weights(self, texts: Sequence[Sequence[str]]) -> csr_matrix:
        """Returns tf-idf (n, words): 1 + log of the occurrences, times the rarity of the word; rows of length 1."""
        weights = self.counts(texts).astype(np.float64)
        weights.data = 1 + np.log(weights.data)
        weights = csr_matrix(weights.multiply(self.idf))
        length = np.sqrt(np.asarray(weights.multiply(weights).sum(1)))
        return csr_matrix(weights.multiply(1 / np.where(length > 0, length, 1)))

    def assign(self, weights: csr_matrix) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Returns topic, int32 (n,), share and strength, float32 (n,), of texts by their tf-idf (n, words).

        The share is that of the topic in all topics of the text. The strength is that of the topic in the text. A text
        without a word of the topics has topic -1. A text's result does not depend on the other texts.
        """
        products = np.asarray(weights @ self.components.T, np.float64)
        strengths = self._factors(products) if self.method == "nmf" and products.size else products
        topic = strengths.argmax(1) if strengths.size else np.zeros(len(products), int)
        strength = strengths.max(1, initial=0.0)
        has_topic = strength > 0
        share = np.where(has_topic, strength / np.maximum(strengths.sum(1), 1e-12), 0.0)
        return np.where(has_topic, topic, -1).astype(np.int32), share.astype(np.float32), strength.astype(np.float32)

    def _factors(self, products: np.ndarray) -> np.ndarray:
        """Returns the non-negative factors (n, topics) that give each text best, from its products with the topics."""
        from scipy.linalg import cholesky, solve_triangular
        from scipy.optimize import nnls

        gram = self.components @ self.components.T + 1e-9 * np.eye(len(self.components))
        lower = cholesky(gram.astype(np.float64), lower=True)
        targets = solve_triangular(lower, products.T, lower=True).T
        return np.array([nnls(lower.T, target, maxiter=_ROUNDS * len(gram))[0] for target in targets]).reshape(
            products.shape
        )

    def arrays(self) -> dict[str, np.ndarray]:
        """Returns the model as arrays to store; ``TopicModel.of`` reads them."""
        return {
            "method": np.array(self.method),
            "vocabulary": self.vocabulary,
            "idf": self.idf,
            "components": self.components,
        }

    @classmethod
    def of(cls, arrays: Mapping[str, np.ndarray]) -> "TopicModel":
        """Returns the model of stored arrays."""
        return cls(str(arrays["method"]), arrays["vocabulary"], arrays["idf"], arrays["components"])

    def digest(self) -> str:
        """Returns a digest of what decides the topic of a text."""
        digest = hashlib.sha256("\n".join([self.method, *self.vocabulary.tolist()]).encode())
        digest.update(self.idf.tobytes() + self.components.tobytes())
        return digest.hexdigest()


def _vocabulary(texts: Sequence[Sequence[str]]) -> tuple[np.ndarray, np.ndarray]:
    """Returns the words that are used, in alphabetical order, and the inverse document frequency of each."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    limits: dict[str, Any] = {} if len(texts) < _FEW_TEXTS else {"min_df": 2, "max_df": _FREQUENT}
    vectorizer = TfidfVectorizer(analyzer=lambda words: words, max_features=_VOCABULARY, **limits)
    try:
        vectorizer.fit(texts)
    except ValueError:  # no word is left
        return np.empty(0, "<U1"), np.empty(0)
    return np.array(vectorizer.get_feature_names_out().tolist()), np.asarray(vectorizer.idf_)


def _nmf(weights: csr_matrix, topics: int, seed: int) -> np.ndarray:
    from sklearn.decomposition import NMF

    return np.asarray(NMF(topics, init="nndsvda", random_state=seed, max_iter=_ROUNDS).fit(weights).components_)


def _kmeans(weights: csr_matrix, topics: int, seed: int) -> np.ndarray:
    from sklearn.cluster import KMeans

    return np.asarray(KMeans(topics, n_init=4, random_state=seed).fit(weights).cluster_centers_)
