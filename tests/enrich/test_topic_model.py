"""Topics of words, and the topic of a text on its own."""

import numpy as np
import pytest
from scipy.optimize import lsq_linear

from artsim.enrich.topic_model import TopicModel

_GROUPS = (["harbour", "boat", "sail", "sea"], ["wood", "tree", "leaf", "path"], ["king", "crown", "throne", "court"])


def _texts(count: int = 90, seed: int = 0) -> list[list[str]]:
    rng = np.random.default_rng(seed)
    return [[*rng.choice(_GROUPS[number % 3], 6), str(rng.choice(["grey", "blue", "old"]))] for number in range(count)]


@pytest.mark.parametrize("method", ["nmf", "kmeans"])
def test_texts_of_one_group_have_one_topic(method: str) -> None:
    texts = _texts()
    model = TopicModel.fit(texts, 3, method, 0)
    topic, share, strength = model.assign(model.weights(texts))
    assert all(len(set(topic[group::3].tolist())) == 1 for group in range(3))
    assert set(topic.tolist()) == {0, 1, 2}
    assert (share > 0.5).all() and (share <= 1).all() and (strength > 0).all()


@pytest.mark.parametrize("method", ["nmf", "kmeans"])
def test_the_first_topic_is_that_of_most_texts(method: str) -> None:
    texts = [text for number, text in enumerate(_texts(120)) if number % 3 or number < 30]
    model = TopicModel.fit(texts, 3, method, 0)
    sizes = np.bincount(model.assign(model.weights(texts))[0])
    assert (np.diff(sizes) <= 0).all()


def test_factors_are_the_non_negative_least_squares() -> None:
    texts = _texts(30, seed=4)
    model = TopicModel.fit(texts, 3, "nmf", 0)
    weights = model.weights(texts)
    topic, share, strength = model.assign(weights)
    for row in range(30):
        factors = lsq_linear(model.components.T, weights[row].toarray().ravel(), (0, np.inf)).x
        assert topic[row] == factors.argmax()
        assert strength[row] == pytest.approx(factors.max(), abs=1e-3)
        assert share[row] == pytest.approx(factors.max() / factors.sum(), abs=1e-3)


@pytest.mark.parametrize("method", ["nmf", "kmeans"])
def test_a_text_does_not_depend_on_the_others_nor_on_storing(method: str) -> None:
    texts = _texts()
    model = TopicModel.fit(texts, 3, method, 0)
    stored = TopicModel.of(model.arrays())
    together = model.assign(model.weights(texts))
    for row in (0, 1, 50):
        alone = stored.assign(stored.weights([texts[row]]))
        assert [values[0] for values in alone] == [pytest.approx(values[row]) for values in together]
    assert TopicModel.fit(texts, 3, method, 0).digest() == model.digest() == stored.digest()


@pytest.mark.parametrize("method", ["nmf", "kmeans"])
def test_a_text_without_a_known_word_has_no_topic(method: str) -> None:
    model = TopicModel.fit(_texts(), 3, method, 0)
    topic, share, strength = model.assign(model.weights([[], ["unheard"]]))
    assert topic.tolist() == [-1, -1] and share.tolist() == strength.tolist() == [0, 0]
    assert [values.shape for values in model.assign(model.weights([]))] == [(0,)] * 3
