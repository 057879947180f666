"""Finds persons of an authority list in the texts of one artwork.

A name is looked up by its family name, exactly first and approximately otherwise, and compared with the given names
next to it. A family name alone stands for the person whom the same artwork's texts name in full. Without one, it stands
for the only person of the list with that name, with a higher score if other texts of the archive name that person in
full.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from artsim.enrich.authority import Authority
from artsim.enrich.given_names import compared
from artsim.enrich.joined_words import JoinedWords
from artsim.enrich.person_name import PersonName
from artsim.text.languages import all_stop_words, language_of

ARTIST = "artist"  # the field whose person the other texts are about

_AMBIGUITY_MARGIN = 0.015  # candidates whose scores differ by less are ambiguous
_ALONE_NAMED = 0.95  # a family name alone, of a person whom the texts name in full
_ALONE_KNOWN = 0.9  # a word that is a person's whole name in the list
_ALONE_UNIQUE = 0.85  # a family name alone, which one person of the list has, and the archive names that person
_ALONE_UNKNOWN = 0.7  # the same, but the archive does not name the person in full
_BEFORE_CAPITAL = 0.9  # a name before another capitalised word: "Pablo Picasso Museum"
_OTHER_GENERATION = 0.98  # "the elder" in the list, not in the text, or the other way round
_IMPLAUSIBLE = 0.9  # the person did not live when the artwork was made
_GERMAN = 0.95  # every noun starts with a capital
_SIMILAR, _SHORTEST = 87.0, 6  # similarity (0 to 100) and letters of a family name with a typing error
_CANDIDATES = 20
_CACHE_SIZE = 100_000
_ALONE_LETTERS = 4  # the shortest family name that may stand alone
_WEIGHT = 100  # of the artist field, against other mentions


@dataclass(frozen=True)
class Mention:
    """A name in a text. ``person`` is the place in the list.

    It is None if several ``candidates`` fit equally well, or if the family name of the only one is spelled otherwise.
    """

    field: str
    start: int
    end: int
    person: int | None
    score: float
    candidates: tuple[int, ...] = ()


@dataclass(frozen=True)
class FullNames:
    """What the texts of an archive name in full: ``persons`` of the list, and family names of artists not in it."""

    persons: frozenset[int] = frozenset()
    others: frozenset[str] = frozenset()


@dataclass(frozen=True)
class _Hit:
    """A place in a text where a name may be; without ``scores`` (by person), a family name that stands alone."""

    field: str
    start: int
    end: int
    key: str
    scores: Mapping[int, float]
    is_similar: bool = False


NO_FULL_NAMES = FullNames()

Years = tuple[int | None, int | None]  # the first and last year of an artwork, None if unknown


class Matcher:
    """Finds the persons of a list. ``min_score`` is the lowest score of a mention."""

    def __init__(self, authority: Authority, min_score: float) -> None:
        self._authority = authority
        self._min_score = min_score
        self._keys = [key for key in authority.by_key if len(key) >= _SHORTEST]
        self._stop_words = all_stop_words() - authority.given.keys()
        self._similar: dict[str, list[tuple[str, float]]] = {}  # by word; each is looked up once

    def __call__(
        self,
        texts: Mapping[str, str],
        artist: str = "",
        years: Years = (None, None),
        archive: FullNames = NO_FULL_NAMES,
    ) -> list[Mention]:
        """Returns the mentions in ``texts`` (by field), in order. ``artist`` and ``years`` are those of the artwork."""
        fields, hits, named, others = self._read(texts, artist, years)
        is_german = _is_german(fields)
        lower = {word.plain for text in fields for word in text.words if not word.is_name_like}
        mentions = []
        for hit in hits:
            if hit.field not in texts:
                continue
            scores = hit.scores
            if not scores and not (hit.key in lower and hit.key not in named):
                scores = self._alone(hit.key, named.get(hit.key), others[hit.key], archive, is_german)
            person, score, candidates = _best(scores)
            if score < self._min_score:
                continue
            if hit.is_similar:
                person, candidates = None, candidates if person is None else (person,)
            mentions.append(Mention(hit.field, hit.start, hit.end, person, score, candidates))
        return mentions

    def named(self, texts: Mapping[str, str], artist: str = "") -> FullNames:
        """Returns whom the texts of an artwork name in full."""
        _, _, named, others = self._read(texts, artist, (None, None))
        persons = {person for counts in named.values() for person in counts}
        return FullNames(frozenset(persons), frozenset(key for key, count in others.items() if count >= _WEIGHT))

    def _read(
        self, texts: Mapping[str, str], artist: str, years: Years
    ) -> tuple[list[JoinedWords], list[_Hit], dict[str, Counter[int]], Counter[str]]:
        """Returns the texts as words, the places of names, and by family name who is named in full, listed or not."""
        fields = [JoinedWords(field, text) for field, text in texts.items()]
        if ARTIST not in texts:
            fields.insert(0, JoinedWords(ARTIST, artist))
        is_german = _is_german(fields)
        others: Counter[str] = Counter()
        hits = [hit for text in fields for hit in self._hits(text, others, years, is_german)]
        named: dict[str, Counter[int]] = {}
        for hit in hits:
            person, score, _ = _best(hit.scores)
            weight = _WEIGHT if hit.field == ARTIST else 1
            if person is not None and score >= self._min_score and not hit.is_similar:
                named.setdefault(hit.key, Counter())[person] += weight
            elif hit.scores and score < self._min_score:
                others[hit.key] += weight
        return fields, hits, named, others

    def _hits(self, text: JoinedWords, others: Counter[str], years: Years, is_german: bool) -> list[_Hit]:
        """Returns the places of names that don't overlap; counts in ``others`` family names of persons not listed."""
        hits = []
        for place, word in enumerate(text.words):
            if word.is_name_like:
                hits += self._at(text, place, others, years, is_german)
        taken: list[_Hit] = []
        last_end = -1
        for hit in sorted(hits, key=lambda hit: (hit.start, not hit.scores, -hit.end)):
            if hit.start >= last_end:
                taken.append(hit)
                last_end = hit.end
            elif hit.scores and (not taken[-1].scores or _best(hit.scores)[1] > _best(taken[-1].scores)[1]):
                taken[-1] = hit
                last_end = max(hit.end, last_end)
        return taken

    def _at(self, text: JoinedWords, place: int, others: Counter[str], years: Years, is_german: bool) -> list[_Hit]:
        """Returns the names whose family name is the word at this place: none, one, or one for each extent."""
        word, keys = text.words[place], self._authority.by_key
        key, end = word.plain, word.end
        if key not in keys and is_german and key.endswith("s") and key[:-1] in keys:
            key, end = key[:-1], end - 1  # "Rembrandts Gemälde"
        before = text.before(place, self._stop_words)
        has_given = any(name in self._authority.given for _, name in before)
        families = [(key, 1.0)] if key in keys else self._similar_keys(key) if has_given else []
        by_extent: dict[tuple[int, int], dict[int, float]] = {}
        for family, likeness in families:
            for person, name, at in keys[family]:
                outcome = self._score(text, place, before, name, at)
                if outcome is None or (likeness < 1 and outcome[0] < 1):
                    continue  # a similar family name needs the very given name
                score, first, last = outcome
                stated = text.generation_after(last)
                if stated != name.generation:
                    score *= 0.0 if stated and name.generation else _OTHER_GENERATION
                if text.field == ARTIST and not self._authority.persons[person].may_have_made(*years):
                    score *= _IMPLAUSIBLE
                extent = text.words[first].start, end if last == place else text.words[last].end
                scores = by_extent.setdefault(extent, {})
                scores[person] = max(score * likeness, scores.get(person, 0.0))
        hits = [
            _Hit(text.field, *extent, key, scores, is_similar=key not in keys)
            for extent, scores in by_extent.items()
            if max(scores.values()) > 0
        ]
        if hits or key not in keys:
            return hits
        if before and (has_given or not is_german):  # in German, every noun starts with a capital
            others[key] += _WEIGHT if text.field == ARTIST else 1
            return []
        last = max(text.last_of(place, name, at) for _, name, at in keys[key])
        if text.goes_on(last, self._stop_words):
            return []
        first = text.with_particles(place, frozenset().union(*(name.particles for _, name, _ in keys[key])))
        return [_Hit(text.field, text.words[first].start, end if last == place else text.words[last].end, key, {})]

    def _score(
        self, text: JoinedWords, place: int, before: Sequence[tuple[int, str]], name: PersonName, at: int
    ) -> tuple[float, int, int] | None:
        """Returns the score and the first and last word of a name; None if its given names don't fit or are missing."""
        last = text.last_of(place, name, at)
        listed = name.words[:at][::-1]
        if before and listed:
            outcome = compared([word for _, word in before], listed, self._authority.given)
            if outcome is None:
                return None
            score = outcome[0] * (_BEFORE_CAPITAL if text.goes_on(last, self._stop_words) else 1.0)
            return score, before[outcome[1] - 1][0], last
        if before:
            return None
        if last > place and at == 0:  # "Rembrandt van Rijn"
            return 1.0, place, last
        after = text.after(last)
        outcome = compared(after[::-1], name.given[::-1], ()) if after and name.given else None
        if outcome is None or outcome[1] < len(after):
            return None
        return outcome[0], text.with_particles(place, name.particles), last + len(after)

    def _alone(
        self, key: str, named: Counter[int] | None, others: int, archive: FullNames, is_german: bool
    ) -> Mapping[int, float]:
        """Returns the scores of the persons for whom a family name alone may stand."""
        if named and max(named.values()) >= others:
            most = max(named.values())
            return {person: _ALONE_NAMED for person, count in named.items() if count == most}
        if others or len(key) < _ALONE_LETTERS or key in self._stop_words:
            return {}
        persons = {person for person, *_ in self._authority.by_key[key]}
        whole = {person for person, name, _ in self._authority.by_key[key] if len(name.words) == 1}
        if whole:
            return dict.fromkeys(whole, _ALONE_KNOWN)
        if self._authority.given[key] > 1 or key in archive.others:
            return {}
        score = _ALONE_UNKNOWN if archive.persons.isdisjoint(persons) else _ALONE_UNIQUE
        return dict.fromkeys(persons, score * (_GERMAN if is_german else 1.0))

    def _similar_keys(self, word: str) -> list[tuple[str, float]]:
        """Returns the family names of the list that are spelled like a word, and how alike they are, 0 to 1."""
        from rapidfuzz import fuzz, process

        if len(word) < _SHORTEST:
            return []
        if word not in self._similar:
            if len(self._similar) >= _CACHE_SIZE:
                self._similar.clear()
            matches = process.extract(word, self._keys, scorer=fuzz.ratio, score_cutoff=_SIMILAR, limit=3)
            self._similar[word] = [(key, score / 100) for key, score, _ in matches]
        return self._similar[word]


def _is_german(fields: Sequence[JoinedWords]) -> bool:
    return language_of(word.plain for text in fields for word in text.words) == "de"


def _best(scores: Mapping[int, float]) -> tuple[int | None, float, tuple[int, ...]]:
    """Returns the person with the best score, the score, and the candidates if several are as good."""
    if not scores:
        return None, 0.0, ()
    best = max(scores.values())
    equal = sorted(person for person, score in scores.items() if score > best - _AMBIGUITY_MARGIN)
    return (equal[0], best, ()) if len(equal) == 1 else (None, best, tuple(equal[:_CANDIDATES]))
