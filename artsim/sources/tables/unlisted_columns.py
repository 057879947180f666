"""Finds the catalog column that the words of an unlisted column name mean: ``Title of work``, ``Object: date painted``.

A name means a catalog column if all of its words do. Words that only refer to the artwork (``object``, ``of``,
``ca_objects``) or, for dates, to its making (``execution``) are ignored.
"""

import re
import unicodedata
from functools import lru_cache

from artsim.sources.tables.column_names import SYNONYMS
from artsim.text.words import LETTERS

_WORD = re.compile(r"[a-z]+|[A-Z]+(?![a-z])|[A-Z][a-z]*|[^\W\d_A-Za-z]+")  # the last alternative: other scripts

_WORK = frozenset(("artwork", "work", "object", "item", "painting", "ca", "objekt", "objet", "objeto", "oggetto",
                   "werk", "kunstwerk", "obra", "oeuvre", "opera", "konstverk", "kunstvaerk", "verk", "verket",
                   "dzielo", "dziela", "dila", "diela", "teoksen", "teos", "eserin", "eser", "mutargy", "lucrarii",
                   "dela", "djela", "произведения", "работы", "картины", "твору", "εργου", "作品", "작품"))  # fmt: skip
_IGNORED = (
    "core dublin dcterms field main preferred primary set appellation value line list rendered of the a an and or in de"
    " du des d s la le l der die das del di della dell van von y e et und och og en fr es nl sv da"
    " do dos das els i oraz ja ir un si ve και и і"
)
_ABOUT = _WORK.union(_IGNORED.split())
_NAMING = frozenset(
    ("name", "label", "nom", "nombre", "nome", "naam", "namn", "navn")
)  # mean the title only with a word for the artwork
_LEFT_OUT = {  # words to ignore, by catalog column
    "image_url": "full large big max high hi res resolution original orig master low small web url uri link href src"
    " path address file filename name",
    "artist": "name nom nombre nome naam namn navn full display displayname sort event",
    "date_text": "display execution executed production produced creation created creating making made completed"
    " completion painted origin manufacture edtf event text statement as string entstehung herstellung ejecucion"
    " realizacion realisation fabricacion esecuzione creazione",
    "id": "number no nr num",
}
_WORDED = ("image_url", "id", "title", "artist", "date_text", "style", "type", "technique", "location", "school",
           "rights")  # fmt: skip


@lru_cache(maxsize=20_000)
def meaning(name: str) -> str | None:
    """Return the catalog column that all words of a column name mean; None if there is none."""
    all_words = words_of(name)
    if known := _KNOWN.get(tuple(sorted(all_words))):
        return known
    words = [word for word in all_words if word not in _ABOUT]
    if _NAMING.issuperset(words) and _WORK.isdisjoint(all_words):
        return None
    if known := _KNOWN.get(tuple(sorted(words))):
        return known
    for column in _WORDED:
        left = [word for word in words if word not in _IDLE[column]]
        if left and _SINGLE[column].issuperset(left):
            return column
    return None


def words_of(name: str) -> list[str]:
    """Split a name into words at spaces, punctuation and ``camelCase``; without case, accents and plurals."""
    text = unicodedata.normalize("NFKD", name.translate(LETTERS))
    text = "".join(letter for letter in text if not unicodedata.combining(letter))
    return [_singular(word.casefold()) for word in _WORD.findall(text)]


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 4 and word.endswith("s") and not word.endswith(("ss", "us", "is")) else word


def _entries(column: str) -> list[list[str]]:
    return [words_of(name.replace("_", " ")) for name in SYNONYMS[column].split() if "." not in name]


_IDLE = {column: frozenset(_LEFT_OUT.get(column, "").split()) for column in _WORDED}
_SINGLE = {
    column: frozenset(words[0] for words in _entries(column) if len(words) == 1) - _IDLE[column] - _ABOUT
    for column in _WORDED
}
_KNOWN = {
    tuple(sorted(words)): column for column in (*_WORDED, "page_url") for words in _entries(column) if len(words) > 1
}
