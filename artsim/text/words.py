"""Splits text into words and compares words without case and accents."""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

# letters that Unicode does not decompose into a letter and an accent
LETTERS = str.maketrans({"æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "ß": "ss", "ı": "i"})
_WORD = re.compile(r"(?:[^\W\d_¹²³⁰-₉¼-¾][\u0300-\u036f]*)+")


class Word(NamedTuple):
    """A run of letters in a text: its plain form and its place. ``is_name_like`` if it does not start in lower case."""

    plain: str
    start: int
    end: int
    is_name_like: bool


@lru_cache(100_000)
def plain(word: str) -> str:
    """Returns a word without case and accents: ``cezanne`` for ``CÉZANNE``."""
    decomposed = unicodedata.normalize("NFKD", word.casefold().translate(LETTERS))
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


def words(text: str) -> Iterator[Word]:
    """Yields the runs of letters of a text in order, in time linear in its length.

    Apostrophes and hyphens separate words: ``Duchamp-Villon`` and ``d'Este`` are two words each.
    """
    for match in _WORD.finditer(text):
        yield Word(plain(match[0]), *match.span(), not match[0][0].islower())
