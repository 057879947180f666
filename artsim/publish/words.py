"""The index for searching words in a browser: all words in one file, and where they occur in files of equal size.

A browser reads the words once, finds those that a query may mean, also with a typing error, and fetches only the files
with their artworks; see ``static/words.js``, which splits queries as ``words_of`` splits texts.
"""

import re
import unicodedata

import numpy as np

from artsim.publish.arrays import little_endian
from artsim.publish.draft import Draft
from artsim.web.collection import Collection

PER_FILE = 65_536  # entries of a file
_CLASSES = {  # columns of the catalog and the class of a hit in them: 2 counts most
    "title": 2,
    "artist": 2,
    "style": 1,
    "type": 0,
    "technique": 0,
    "location": 0,
    "school": 0,
    "date_text": 0,
    "id": 0,
}
_LETTERS = str.maketrans({"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"})
_WORD = re.compile(r"[^\W_]{1,60}")
_TEXT = 2_000  # characters of a text that are indexed
_BATCH = 20_000  # artworks read at a time


def words_of(text: str) -> list[str]:
    """Returns the words of a text in lower case, without accents."""
    plain = unicodedata.normalize("NFKD", text.lower())
    plain = "".join(character for character in plain if not unicodedata.category(character).startswith("M"))
    return _WORD.findall(plain.translate(_LETTERS))


def write_words(collection: Collection, draft: Draft) -> int:
    """Writes ``api/words/terms.txt``, a word and its number of artworks a line, and ``api/words/N.bin``.

    The binary files together are one array, uint32: for each word, in the order of the lines, the artworks that have it
    as ``4 * number + class``. Returns the number of words.
    """
    numbers: dict[str, int] = {}
    terms, entries = list[np.ndarray](), list[np.ndarray]()
    for start in range(0, len(collection), _BATCH):
        rows = collection.rows.slice(start, _BATCH).select(list(_CLASSES)).to_pylist()
        batch_terms, batch_entries = list[int](), list[int]()
        for number, row in enumerate(rows, start):
            class_of: dict[str, int] = {}
            for column, kind in _CLASSES.items():
                for word in words_of((row[column] or "")[:_TEXT]):
                    class_of[word] = max(class_of.get(word, 0), kind)
            for word, kind in class_of.items():
                batch_terms.append(numbers.setdefault(word, len(numbers)))
                batch_entries.append(4 * number + kind)
        terms.append(np.array(batch_terms, np.int64))
        entries.append(np.array(batch_entries, np.uint32))
    words = sorted(numbers)
    rank = np.empty(len(words), np.int64)
    rank[[numbers[word] for word in words]] = np.arange(len(words))
    places = rank[np.concatenate(terms)] if words else np.empty(0, np.int64)
    counts = np.bincount(places, minlength=len(words))
    listed = "".join(f"{word} {count}\n" for word, count in zip(words, counts.tolist(), strict=True))
    draft.write("api/words/terms.txt", listed.encode("utf-8", "replace"))
    sorted_entries = np.concatenate(entries)[np.argsort(places, kind="stable")]
    for start in range(0, len(sorted_entries), PER_FILE):
        draft.write(f"api/words/{start // PER_FILE}.bin", little_endian(sorted_entries[start : start + PER_FILE]))
    return len(words)
