"""The words of a text and how they are joined, to see which words next to each other may be one name."""

from collections.abc import Collection
from itertools import pairwise

from artsim.enrich.person_name import PersonName, generation_after, particles
from artsim.text.words import Word, words

_MAX_WORDS_BEFORE = 6  # words before a family name that may belong to it
_JOINERS = (" ", "-", ".", "'")  # joins within a name


class JoinedWords:
    """The words of a field. ``joins`` says how each is joined to the one before.

    It is a space, hyphen, apostrophe, comma or the point of an initial, or empty for what separates names. The last
    join, after all words, is empty.
    """

    def __init__(self, field: str, text: str) -> None:
        self.field = field
        self.text = text
        self.words = list(words(text))
        if not any(word.is_name_like for word in self.words):  # a field all in lower case
            self.words = [word._replace(is_name_like=True) for word in self.words]
        self.joins = ["", *(self._join(a, b) for a, b in pairwise(self.words)), ""]

    def before(self, place: int, stop_words: Collection[str]) -> list[tuple[int, str]]:
        """Returns place and plain word of what may be given names before a family name, nearest first."""
        before: list[tuple[int, str]] = []
        for at in range(place - 1, max(place - 1 - 2 * _MAX_WORDS_BEFORE, -1), -1):
            word, join = self.words[at], self.joins[at + 1]
            if join not in _JOINERS or len(before) == _MAX_WORDS_BEFORE:
                break
            if word.plain in particles() or (join == "'" and len(word.plain) <= 2):
                continue
            is_stop = word.plain in stop_words and join != "."
            if not word.is_name_like or is_stop or join == "'":
                break
            before.append((at, word.plain))
        return before

    def after(self, last: int) -> list[str]:
        """Returns the plain words after a family name that may be the given names of an inverted name, in order.

        They follow a comma ("Rossi, Mario"), or a family name in capitals ("ROSSI Mario").
        """
        family = self.text[self.words[last].start : self.words[last].end]
        join = self.joins[last + 1]
        if join != "," and not (join == " " and len(family) > 1 and family.isupper()):
            return []
        after: list[str] = []
        for at in range(last + 1, min(last + 5, len(self.words))):
            if (after and self.joins[at] not in (" ", "-", ".")) or not self.words[at].is_name_like:
                break
            after.append(self.words[at].plain)
        return after

    def last_of(self, place: int, name: PersonName, at: int) -> int:
        """Returns the last word of a name whose word ``at`` stands at this place: "Dunoyer de Segonzac"."""
        last = place
        for word in name.words[at + 1 :]:
            step = last + 1
            while step < len(self.words) and self.joins[step] in (" ", "'") and self.words[step].plain in particles():
                step += 1
            if step >= len(self.words) or self.joins[step] not in (" ", "-", "'") or self.words[step].plain != word:
                break
            last = step
        return last

    def with_particles(self, place: int, known: Collection[str]) -> int:
        """Returns the place of the first of the particles before a family name that belong to it."""
        while place and self.joins[place] in (" ", "'") and self.words[place - 1].plain in known:
            place -= 1
        return place

    def generation_after(self, last: int) -> int | None:
        """Returns what "the elder", "II" and the like after a name mean; None without it."""
        following = [word.plain for word in self.words[last + 1 : last + 3]]
        return generation_after(following)[0] if self.joins[last + 1] in (" ", ",") else None

    def goes_on(self, last: int, stop_words: Collection[str]) -> bool:
        """Whether a capitalised word follows that makes a name part of another one: "Jackson Pollock"."""
        if last + 1 >= len(self.words):
            return False
        word, join = self.words[last + 1], self.joins[last + 1]
        if join not in (" ", "-") or not word.is_name_like:
            return False
        return join == "-" or not (self.generation_after(last) or word.plain in stop_words)

    def _join(self, a: Word, b: Word) -> str:
        between = self.text[a.end : b.start] if b.start - a.end <= 8 else "\n"
        mark = between.strip()
        if "\n" in between or "\r" in between:
            return ""  # records and captions end with lines
        if not mark:
            return " "
        if mark in ("-", "‐", "'", "’"):
            return "-" if mark in "-‐" else "'"
        if mark in (".", ".-") and len(a.plain) == 1:
            return "."
        return "," if mark in (",", "(", ")") else ""
