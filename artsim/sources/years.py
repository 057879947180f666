"""What a museum writes as a date ("c. 1510", "1550s", "early 16th century", "206 BC-AD 220") as first and last year."""

import re
from functools import lru_cache

_LATEST = 2100
_CENTURY = (
    r"\b(?:centur(?:y|ies)|cent\b\.?|c\b\.?|siècles?|secolo|siglo|eeuw|jahrhunderts?|jh\b\.?|århundrede|årh\b\.?)"
)
_PART = (
    r"(?P<{0}>(?:very\s+)?early|mid(?:dle)?(?:\s+of)?|late|end(?:\s+of)?|beginning(?:\s+of)?"
    r"|(?:first|1st|second|2nd|third|3rd|fourth|4th|last)\s+(?:half|third|quarter)(?:\s+of)?)(?:\s+the)?[\s-]+"
)
_PIECE = re.compile(
    # 16th century, early 16th century, XVI secolo; a first half of "15th-16th century" has lost its word
    rf"(?:{_PART.format('part')})?\b(?:(?P<century>\d{{1,2}})\s?(?:st|nd|rd|th|e|\.)"
    rf"|(?P<roman>[XVI]{{1,5}})(?:e|th)?\b)(?:[\s-]*(?P<word>{_CENTURY}))?"
    # 1550s, early 1550s, 1910s-20s
    rf"|(?:{_PART.format('slice')})?\b(?P<decade>\d{{3}}0)'?s\b(?:\s*[-–—/]\s*(?P<decades>\d0)'?s\b)?"
    # 1601-1650, 1880-81, 1625-9, 1598, 44 BC, AD 79; and a date to the day
    r"|(?<!\d)(?<!\d,)(?P<year>\d{3,4}|\d{1,2}(?=\s*(?:b\.?\s?c|a\.?\s?d|c\.?\s?e)\b)|(?:(?<=ad )|(?<=a\.d\. ))\d{1,2})"
    r"(?:-(?P<month>\d\d)-\d\d\b|\s*[-–—/]\s*(?P<end>\d{1,2})(?!\d|\.\d|s\b|st\b|nd\b|rd\b|th\b))?(?!\d)",
    re.IGNORECASE,
)
_BC = re.compile(r"\s*(?:b\.?\s?c\.?(?:\s?e\.?)?|v\.\s?chr\.?|f\.\s?kr\.?|av\.\s?j\.-?c\.?)(?![a-z])", re.IGNORECASE)
_AD = re.compile(r"(?:a\.?d\.?|c\.?e\.?)\s*$", re.IGNORECASE)
_HIJRA = re.compile(r"\ba\.?\s?h\.?\s*\d+(?:\s*[-–—/]\s*\d+(?!\d))?\s*[/;,(]?", re.IGNORECASE)
_AFTER = re.compile(r"^\W*(?:not before|after|from|since|post|nach|efter|après|dopo)\b|\bor (?:later|after)\b", re.I)
_BEFORE = re.compile(r"^\W*(?:not after|before|by|until|ante|vor|før|avant|prima)\b|\bor (?:earlier|before)\b", re.I)
_ROMAN = {"I": 1, "V": 5, "X": 10}
# What may stand around a year of three digits for it to be believed: with other words it is a number of something, and
# with half a bracket or dash it is what was left of a longer one.
_ONLY_A_DATE = re.compile(
    r"^(?!0)(?!.*\d[.,]\d)(?:[\s.,/–—-]|\([^()]*\)|\[[^][]*\]|\d|\?|(?<![a-z])(?:ca?|circa|about|around|after|before|or|and|to|um"
    r"|a\.?d|bce?|b\.c|ce|probably)(?![a-z]))*(?<![–—-])$",
    re.IGNORECASE,
)
_LONGEST = 300  # characters of a text in which a date is looked for


@lru_cache(maxsize=1 << 16)
def years(text: str | None) -> tuple[int | None, int | None]:
    """The first and the last year that a date in words allows; None where it leaves an end open or says nothing.

    Years before Christ are negative. Centuries run from 1501 to 1600; "early", "mid" and "late" are their thirds, as
    museums that give both write it ("late 17th century" is 1667 to 1700). "About" widens nothing: nobody says how far.
    """
    if not text:
        return None, None
    text = _HIJRA.sub(" ", text[:_LONGEST].strip().removesuffix(".0"))
    if re.fullmatch(r"-\d{1,4}", text):
        return int(text), int(text)
    spans = _spans(text)
    if not spans:
        return None, None
    first, last = min(span[0] for span in spans), max(span[1] for span in spans)
    if len(spans) == 1 and _AFTER.search(text):
        return first, None
    if len(spans) == 1 and _BEFORE.search(text):
        return None, last
    return first, last


def _spans(text: str) -> list[tuple[int, int]]:
    """Every year, decade and century of a text as its first and last year, in order."""
    names_centuries = re.search(_CENTURY, text, re.IGNORECASE)
    found: list[tuple[int, int, bool]] = []
    for match in reversed(list(_PIECE.finditer(text))):
        span = _span(match, text, bool(names_centuries))
        if span is None or span[0] > span[1]:
            continue
        before_christ = bool(_BC.match(text, match.end()))
        if found and found[-1][2] and span[1] >= found[-1][0] and not _AD.search(text[: match.start()]):
            before_christ = True  # 500-400 BC: the era stands once, behind the later number
        if span[1] <= _LATEST or before_christ:
            found.append((*span, before_christ))
    return [(-last, -first) if before_christ else (first, last) for first, last, before_christ in found]


def _span(match: re.Match[str], text: str, names_centuries: bool) -> tuple[int, int] | None:
    if match["century"] or match["roman"]:
        if not (match["word"] or (names_centuries and match["century"])):
            return None
        number = int(match["century"]) if match["century"] else _from_roman(match["roman"].upper())
        backwards = bool(_BC.match(text, match.end()))
        return _portion(match["part"], (number - 1) * 100 + 1, 100, backwards) if 0 < number <= 21 else None
    if match["decade"]:
        first = int(match["decade"])
        if match["decades"]:
            return first, first // 100 * 100 + int(match["decades"]) + 9
        return _portion(match["slice"], first, 100 if first % 100 == 0 else 10, backwards=False)
    year = int(match["year"])
    if len(match["year"]) == 3 and not _ONLY_A_DATE.match(text):
        return None
    if match["end"] is None or match["month"]:
        return year, year
    size = 10 ** len(match["end"])
    last = year // size * size + int(match["end"])
    return year, last if last >= year else year  # 1882-04 is a month


def _portion(words: str | None, first: int, length: int, backwards: bool) -> tuple[int, int]:
    """The part of a century or decade that words name: early, mid, late, second half, last quarter."""
    words = (words or "").lower()
    if not words:
        return first, first + length - 1
    parts = 2 if "half" in words else 4 if "quarter" in words else 3
    ordinals = (("first", "1st", "early", "beginning"), ("second", "2nd", "mid"), ("third ", "3rd"), ("fourth", "4th"))
    index = next((i for i, names in enumerate(ordinals) if any(name in words for name in names)), parts - 1)
    index = parts - 1 - index if backwards else index
    return first + length * index // parts, first + length * (index + 1) // parts - 1


def _from_roman(text: str) -> int:
    values = [_ROMAN[letter] for letter in text]
    return sum(-value if value < max(values[i:]) else value for i, value in enumerate(values))
