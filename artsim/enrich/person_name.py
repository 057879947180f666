"""Names of persons as they are written in lists: "Rossi, Mario", "DE CHIRICO Giorgio", "Jan van der Meer II"."""

import re
from dataclasses import dataclass
from functools import cache

from artsim.text.words import plain, words

_MAX_CHARACTERS = 200  # characters of a name that are read
_GENERATIONS = {  # 1 the elder, 2 the younger
    1: "i|the elder|elder|senior|sr|il vecchio|vecchio|der altere|d a|altere|l ancien|le vieux|el viejo|pere",
    2: "ii|the younger|younger|junior|jr|il giovane|giovane|der jungere|d j|jungere|le jeune|el joven|el mozo|fils",
    3: "iii",
    4: "iv",
}
_GENERATION = {phrase: number for number, phrases in _GENERATIONS.items() for phrase in phrases.split("|")}
_MORE_PARTICLES = ("zum", "zur", "vander", "vande", "d", "l", "la", "le", "dell", "dalla", "dalle", "dai", "dagli", "v")
# in other uses, or parts of names that are not left out
_NOT_PARTICLES = re.compile(
    "an|ar|as|at|adh?|af|ash|ath|auf|av|az|edh?|en|er|es|eth?|ez|o|t|ul|ua|ni|das|dem|freiherr(in)?|heer"
    "|san|santa|ste?|mac|mc|bar|bat|bon|abu|al|op|vel|do"
)
_SIMPLE = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*(?: [^\W\d_]+(?:['’-][^\W\d_]+)*)*")


@dataclass(frozen=True)
class PersonName:
    """A name in natural order: plain ``words`` without particles, and the particles apart.

    ``keys`` are the places of words that may stand alone for the person: the family name, or a first name such as
    Rembrandt. ``generation`` is 1 for the elder, 2 for the younger, None if not given.
    """

    words: tuple[str, ...]
    keys: tuple[int, ...]
    particles: frozenset[str]
    generation: int | None

    @property
    def family(self) -> tuple[str, ...]:
        """The words of the family name; all words if there is no given name."""
        return self.words[next((place for place in self.keys if place), 0) :]

    @property
    def given(self) -> tuple[str, ...]:
        """The words that can't stand alone."""
        return tuple(word for place, word in enumerate(self.words) if place not in self.keys)


@cache
def particles() -> frozenset[str]:
    """Returns the plain particles of family names, such as "de" and "van"; those of nameparser, and more."""
    from nameparser.config import CONSTANTS

    listed = {plain(word.strip("'’-")) for word in CONSTANTS.prefixes}
    return frozenset(word for word in listed if word.isalpha() and not _NOT_PARTICLES.fullmatch(word)) | {
        *_MORE_PARTICLES
    }


def generation_after(following: list[str]) -> tuple[int | None, int]:
    """Returns the generation that plain words after a name state, and how many of the words do; (None, 0) if none."""
    for count in (2, 1):
        number = _GENERATION.get(" ".join(following[:count])) if len(following) >= count else None
        if number is not None:
            return number, count
    return None, 0


def parse_name(text: str) -> PersonName | None:
    """Returns the parts of a name; None if it has no word.

    A name with a comma is inverted; so is one that starts in capitals ("DE CHIRICO Giorgio"). A name in natural order
    whose family name has a particle ("Leonardo da Vinci") is also known by its first word.
    """
    text = re.sub(r"[\x00-\x1f\x7f]+", " ", text[:_MAX_CHARACTERS])
    text, generation = _without_generation(re.sub(r"\(\?\)|[\[\]?]", " ", text))
    text = _family_first(" ".join(re.sub(r"\([^)]*\)", " ", text).split()))
    given, family = _split(text)
    known = particles()
    marks = frozenset(word for word in (*given, *family) if word in known)
    given, family = ([word for word in part if word not in known and word != "y"] for part in (given, family))
    family = [word for word in family if len(word) > 1 or not word.isascii()] or family
    if not given and not family:
        return None
    if not family:
        given, family = [], given
    place = len(given)
    keys = {place, len(given) + len(family) - 1}
    if marks and "," not in text and given:
        keys.add(0)
    return PersonName((*given, *family), tuple(sorted(keys)), marks, generation)


def _without_generation(text: str) -> tuple[str, int | None]:
    """Returns a name without "the elder", "II" and the like, and the number that they mean."""
    pieces = re.split(r"([,()])", text)
    for number, piece in enumerate(pieces):
        spoken = [word.plain for word in words(piece)]
        for count in (2, 1):
            if len(spoken) >= count and (generation := _GENERATION.get(" ".join(spoken[-count:]))):
                if len(spoken) == count and number == 0:
                    continue  # nobody is called "I" alone
                start = [*words(piece)][-count].start
                pieces[number] = piece[:start]
                return "".join(pieces).strip(" ,"), generation
    return text, None


def _family_first(text: str) -> str:
    """Puts a comma after a family name in capitals that stands first."""
    match = re.match(r"((?:[^\W\d_a-z]{2,}[^\sa-z]*\s+)+)(?=[^\W\d_]*[a-zà-ÿ])", text)
    if match is None or "," in text or not match[1].isupper():
        return text
    return f"{match[1].strip()}, {text[match.end() :]}"


def _split(text: str) -> tuple[list[str], list[str]]:
    """Returns the plain given and family names."""
    family, comma, given = text.partition(", ")
    if comma and _SIMPLE.fullmatch(family) and _SIMPLE.fullmatch(given):
        return _plain(given), _plain(family)  # nameparser agrees, and takes a millisecond
    from nameparser import HumanName

    name = HumanName(text)
    return _plain(f"{name.first} {name.middle}"), _plain(name.last)


def _plain(text: str) -> list[str]:
    return [word.plain for word in words(text)]
