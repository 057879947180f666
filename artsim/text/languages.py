"""The five languages whose texts artsim reads: their stop words, and which of them a text is in."""

from collections.abc import Iterable
from functools import lru_cache

from artsim.text.words import plain

LANGUAGES = ("en", "de", "fr", "it", "es")

# words of scikit-learn's English list that are names, or say what a picture shows
_NO_STOP_WORDS = frozenset({"bill", "computer", "cry", "fire", "mill", "mine", "system", "thick", "thin"})


@lru_cache
def stop_words(language: str) -> frozenset[str]:
    """Returns the stop words of a language in lower case, with and without accents."""
    if language == "en":
        from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

        listed = ENGLISH_STOP_WORDS - _NO_STOP_WORDS
    else:
        from stop_words import get_stop_words

        listed = get_stop_words(language)
    return frozenset(listed) | frozenset(map(plain, listed))


@lru_cache
def all_stop_words() -> frozenset[str]:
    """Returns the stop words of all five languages."""
    return frozenset().union(*map(stop_words, LANGUAGES))


def language_of(words: Iterable[str]) -> str:
    """Returns the language with the most stop words among ``words``, which are plain; English if there are none."""
    counts = dict.fromkeys(LANGUAGES, 0)
    for word in words:
        for language in LANGUAGES:
            counts[language] += word in stop_words(language)
    return max(counts, key=lambda language: counts[language])  # the first of equals
