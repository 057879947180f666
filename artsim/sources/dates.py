"""Reads first and last year from dates as museums write them ("c. 1510", "early 16th century", "206 BC-AD 220")."""

import re
from functools import lru_cache
from itertools import pairwise

from artsim.sources import date_words as terms

_LATEST = 2100
_MAX_CHARACTERS = 300  # characters of a text that are searched for a date

# 18--, 184X, 18??: decades and centuries with unknown digits
_UNKNOWN = (
    rf"{terms.START}(?:(?P<hundreds>1\d|20)(?:--|__|\?\?|xx|uu|\*\*|\.\.)"
    r"|(?P<tens>1\d\d|20\d)(?:[-_](?!\s*\d)|[xu*])|(?P<maybe>1[4-9]\d)\?)(?![\da-z])"
)
# 1550s, 1910s-20s, 1600-tallet, 1920er, années 1920
_DECADE = (
    rf"(?:{terms.START}(?P<decade>\d{{2,3}}0)(?:'?s\b(?:\s*[-/]\s*(?P<decades>\d0)'?s\b)?"
    r"|'?er(?:ne|na)?(?:s\b|\b)|-?(?:tal(?:let|et)?s?|lu[kv]u\w*)\b|年代)"
    r"|\b(?:années|anni|años|anos|jaren)\s+(?P<ten>\d{3}0)\b)"
)
# 1601-1650, 1880-81, 1625-9, 1598, 44 BC, AD 79; and a date to the day
_YEAR = (
    r"(?<!\d)(?:(?<!\d,)(?<!\d\.)(?P<short>\d{3})(?!\d)|(?P<long>\d{4,5})"
    rf"|(?P<small>\d{{1,2}}(?=\s*{terms.ERA}|\s*[-/]\s*\d{{1,4}}\s*{terms.ERA})"
    r"|(?:(?<=ad )|(?<=a\.d\. )|(?<=ce ))\d{1,2}))(?!\d)"
    r"(?:[-/](?P<month>\d\d)[-/]\d\d(?!\d)|(?P<dash>\s*-{1,2}\s*|\s*/\s*)(?P<end>\d{1,4})(?P<ends>'?s\b)?"
    r"(?!\d|\.\d|st\b|nd\b|rd\b|th\b|/\d{4})(?:/(?P<more>\d{1,2})(?!\d))?)?"
)
# 16th century, XVI secolo, sec. XV; in "15th-16th century" the first ordinal lacks the word
_CENTURY = (
    rf"(?:(?P<prefix>\b{terms.CENTURY_BEFORE})\s*)?{terms.START}(?:(?P<century>\d{{1,2}})(?:\s?{terms.ORDINAL}"
    rf"|(?=\s*{terms.CENTURY_WORD})|(?=\s?C\b)|(?=\s*[-/]\s*\d{{1,2}}(?:\s?{terms.ORDINAL})?\s*{terms.CENTURY_WORD}))"
    rf"|(?P<roman>[XVI]{{1,5}})(?:{terms.ORDINAL}|(?![a-zà-ÿ])))"
    rf"(?:[\s-]*(?P<word>{terms.CENTURY_WORD}|{terms.CENTURY_SHORT}))?"
)
# 3rd millennium, late 4th to early 3rd millennium
_MILLENNIUM = (
    rf"{terms.START}(?P<millennium>[1-9]|I{{1,3}}|IV)(?:\s?{terms.ORDINAL})?"
    rf"(?:\s*(?:[-/]|\b{terms.JOINT}\b)\s*(?:(?P<later>{terms.PART}){terms.OF})?(?P<until>[1-9]|I{{1,3}}|IV)(?:\s?{terms.ORDINAL})?)?"
    rf"[\s-]*{terms.MILLENNIUM}"
)
_DATE_PART = re.compile(
    rf"(?:(?P<part>{terms.PART}){terms.OF})?(?:{_UNKNOWN}|{_DECADE}|{_MILLENNIUM}|{_YEAR}|{_CENTURY})"
    rf"(?:[\s,(]*(?P<behind>{terms.PART}|\b(?:in|ex|med)\.)(?=\s*(?:$|[),;.\]])))?",
    re.IGNORECASE,
)
_PLAIN = re.compile(
    r"(?:c\.?|ca\.?|circa|about)?\s*(\d{4})(?:\s?[-–]\s?(\d{4}))?"
)  # most dates; they need no further parsing
_BC = re.compile(rf"[\s?)\]]*(?:\(\s*)?{terms.BEFORE_CHRIST}", re.IGNORECASE)
_AD = re.compile(rf"[\s?)\]]*(?:\(\s*)?{terms.AFTER_CHRIST}", re.IGNORECASE)
_BC_AHEAD = re.compile(
    r"(?<!\d)(?<!\d )(?<!y )(?<!\. )(?:\bbce?|\bb\.\s?c\.(?:\s?e\.)?|公元前|紀元前|西元前)\s*$", re.I
)
_AD_AHEAD = re.compile(r"(?:\ba\.?d\.?|\bc\.e\.|\bce|公元|西元)\s*$", re.IGNORECASE)
_HIJRA = re.compile(
    r"\ba\.?\s?h\.?\s*\d+(?:\s*[-/]\s*\d+(?!\d))?\s*[/;,(]?|\b\d{1,4}(?:\s*[-/]\s*\d{1,4})?\s*a\.?h\b\.?", re.IGNORECASE
)
_NTH = rf"(?:\d{{1,2}}\s?{terms.ORDINAL}|[XVI]{{1,6}}(?:{terms.ORDINAL}|\b))"
_DYNASTY = re.compile(
    rf"{terms.START}{_NTH}(?:[\s,]*(?:[-/&]|\b{terms.JOINT}\b)?\s*(?:(?:early|mid|late)[\s-]+)?{_NTH}){{0,3}}[\s-]*dyn(?:ast\w*|\b\.?)"
    rf"|\bdyn(?:ast\w*|\.)\s*(?:{_NTH}|\d{{1,2}}(?!\d))(?:\s*(?:[-/&]|\b{terms.JOINT}\b)\s*(?:early\s+|late\s+)?(?:{_NTH}|\d{{1,2}}(?![\d/])))?",
    re.IGNORECASE,
)
_PERIOD = re.compile(
    r"dynast|period|kingdom|empire|culture|\bera\b|reign|caliphate|sultanate|epoch|époque|reich|zeit\b", re.I
)
_AFTER = re.compile(
    r"^\W*(?:not before|no(?:t)? earlier than|after|from|since|post|nach|ab|seit|efter|fra|après|depuis|dopo"
    r"|después de|desde|na)\b"
    r"|\bor (?:later|after)\b|\bund später\b|\bou après\b",
    re.IGNORECASE,
)
_BEFORE = re.compile(
    r"^\W*(?:not after|no(?:t)? later than|before|by|until|ante|vor|bis|før|avant|prima del?|antes de|vóór|voor)\b"
    r"|\bor (?:earlier|before)\b",
    re.IGNORECASE,
)
_ISO_YEAR = r"(?:([+-]?\d{4,}|-\d{1,6})(?:-\d\d-\d\d(?:T[\d:.]*Z?)?)?[?~%]?|\.\.)"
_ISO = re.compile(rf"{_ISO_YEAR}(?:\s*(?:/|\.\.|\bto\b|-(?=\s*-)|\s-\s)\s*{_ISO_YEAR})?")
# Text that may surround a three-digit year. With other words, the number counts something else; with an unmatched
# bracket or dash, it is a fragment of a longer number.
_ONLY_A_DATE = re.compile(
    r"^(?!0)(?!.*\d[.,]\d)(?:[\s.,/-]|\([^()]*\)|\[[^][]*\]|\d|\?|(?<![a-z])(?:ca?|circa|about|around|after|before|or|and|to|um"
    r"|a\.?d|bce?|b\.c|ce|probably)(?![a-z]))*(?<!-)$",
    re.IGNORECASE,
)
_SPELLED = (
    "first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|eleventh|twelfth|thirteenth|fourteenth|fifteenth"
    "|sixteenth|seventeenth|eighteenth|nineteenth|twentieth|twenty-first"
)
_ITALIAN = ["duecento", "trecento", "quattrocento", "cinquecento", "seicento", "settecento", "ottocento", "novecento"]
_SPELLED_OUT = re.compile(
    rf"\b(?:(?P<ordinal>{_SPELLED})(?=[\s-]+(?:{terms.JOINT}[\s-]+(?:(?:early|mid|late)[\s-]+)?\w+[\s-]+)?(?:centur|millenn))"
    rf"|(?P<italian>{'|'.join(_ITALIAN)}))\b",
    re.IGNORECASE,
)
_ROMAN = {"I": 1, "V": 5, "X": 10}

# An inventory or catalog number, a sheet, a page: "no. 1234", "Inv.-Nr. 1520", "cat. 1801", "№ 1700", "fol. 1623"
_NUMBERED = re.compile(
    r"(?<![a-z])(?:(?:inv(?:entory|entar)?|acc(?:ession)?|cat(?:alogue|alog)?|kat(?:alog)?|lot|plate|fol(?:io)?|ref)\b[.\s-]*)?"
    r"(?:n[ou]m?\.|nos?\.|nr\.?|num(?:ber|mer|ero|éro)\b|n[°º]|№|#|(?<=inv\.)|(?<=cat\.)|(?<=kat\.)|(?<=acc\.)|(?<=fol\.))"
    r"\s*:?\s*[a-z]{0,3}[\s.-]?\d[\d./-]*",
    re.IGNORECASE,
)

_Years = tuple[int | None, int | None]
_Span = tuple[int, int]


@lru_cache(maxsize=1 << 16)
def years(text: str | None) -> _Years:
    """Return the first and the last year that a date allows; None for an open end, or if it gives no year.

    Years before Christ are negative. Centuries run from 1501 to 1600; "early", "mid" and "late" are thirds of
    them, as museums that give both write it ("late 17th century" is 1667 to 1700). "About" does not widen the range,
    because it does not say by how much.
    """
    if not text:
        return None, None
    if (plain := _PLAIN.fullmatch(text)) and int(plain[1]) <= int(plain[2] or plain[1]) <= _LATEST:
        return int(plain[1]), int(plain[2] or plain[1])
    text = _plain(text[:_MAX_CHARACTERS].strip().removesuffix(".0"))
    if iso := _ISO.fullmatch(text):
        return _from_iso(iso)
    text = _NUMBERED.sub(" ", text)
    is_plausible = bool(_PERIOD.search(text))
    text = _DYNASTY.sub(" ", _HIJRA.sub(" ", text))
    spans = _spans(text, is_plausible)
    if not spans:
        return None, None
    first, last = min(span[0] for span in spans), max(span[1] for span in spans)
    if len(spans) == 1 and _AFTER.search(text):
        return first, None
    if len(spans) == 1 and _BEFORE.search(text):
        return None, last
    return first, last


def _plain(text: str) -> str:
    """Unify dashes, drop brackets inside numbers and commas in thousands before Christ, put ordinals in digits."""
    text = re.sub(r"[‐‑‒–−]", "-", text).replace("—", "--").replace("’", "'")
    text = re.sub(r"(?<=\d)[\[\]](?=[\d?xu_-])", "", text, flags=re.IGNORECASE)
    text = re.sub(
        rf"\b(\d{{1,2}}),(\d{{3}})(?=\s*(?:-+\s*\d{{1,2}},?\d{{3}}\s*)?{terms.BEFORE_CHRIST})",
        r"\1\2",
        text,
        flags=re.I,
    )
    return _SPELLED_OUT.sub(_in_digits, text)


def _in_digits(match: re.Match[str]) -> str:
    if match["ordinal"]:
        return f"{_SPELLED.split('|').index(match['ordinal'].lower()) + 1}th"
    return f"{_ITALIAN.index(match['italian'].lower()) + 12}00s"


def _from_iso(match: re.Match[str]) -> _Years:
    """Read a year, a day or an interval of ISO 8601 or EDTF, where years before Christ have a minus sign."""
    first = last = None if match[1] is None else int(match[1])
    if match[2] is not None or ".." in match[0]:
        last = None if match[2] is None else int(match[2])
    if first is not None and last is not None and first > last:
        return None, None
    return (None, None) if max(first or 0, last or 0) > _LATEST else (first, last)


def _spans(text: str, is_plausible: bool) -> list[_Span]:
    """Return every year, decade and century of a text as its first and last year, the last one in the text first.

    They are read from the end, because the era and the word for the century often come once, after the last number.
    """
    matches = list(_DATE_PART.finditer(text))
    centuries = _centuries(matches, text)
    spans: list[tuple[int, int, bool]] = []
    later: re.Match[str] | None = None  # the accepted part that follows in the text
    for match in reversed(matches):
        if (match["century"] or match["roman"]) and match.start() not in centuries:
            continue
        era = _era(match, text)
        inherits = later is not None and _joined(match, later, text)
        span = _span(match, text, bool(era), is_plausible or era is not None or (inherits and spans[-1][2]))
        if span is None:
            continue
        if era is None and inherits and spans[-1][2] and span[1] >= spans[-1][0]:
            era = True  # 500 to 400 BC
            span = _span(match, text, True, True) or span
        if span[0] <= span[1] and (span[1] <= _LATEST or era):
            spans.append((*span, bool(era)))
            later = match
    return [(-last, -first) if before_christ else (first, last) for first, last, before_christ in spans]


def _centuries(matches: list[re.Match[str]], text: str) -> set[int]:
    """Return where ordinals that count centuries start: those beside a word for it, and those joined to them."""
    ordinals = [match for match in matches if match["century"] or match["roman"]]
    pairs = list(pairwise(ordinals))
    counted = {match.start() for match in ordinals if match["word"]}
    for earlier, later in reversed(pairs):
        if later.start() in counted and _joined(earlier, later, text):
            counted.add(earlier.start())
    prefixed = {match.start() for match in ordinals if match["prefix"]}
    for earlier, later in pairs:
        if earlier.start() in prefixed and _joined(earlier, later, text):
            prefixed.add(later.start())
    return counted | prefixed


def _joined(earlier: re.Match[str], later: re.Match[str], text: str) -> bool:
    return bool(terms.BETWEEN.fullmatch(text, earlier.end(), later.start()))


def _era(match: re.Match[str], text: str) -> bool | None:
    """Whether the words after or before a date say that it is before Christ; None if they do not say."""
    if _BC.match(text, match.end()):
        return True
    if _AD.match(text, match.end()):
        return False
    earlier = text[: match.start()]
    return True if _BC_AHEAD.search(earlier) else False if _AD_AHEAD.search(earlier) else None


def _span(match: re.Match[str], text: str, before_christ: bool, is_plausible: bool) -> _Span | None:
    """Return first and last year of a part, positive also before Christ; None if it is not a date."""
    part = match["part"] or match["behind"]
    if match["century"] or match["roman"]:
        number = _number(match["century"] or match["roman"])
        return _portion(part, (number - 1) * 100 + 1, 100, before_christ) if 0 < number <= 21 else None
    if match["millennium"]:
        return _millennia(match, part, before_christ)
    if match["hundreds"]:
        return _portion(part, int(match["hundreds"]) * 100, 100, before_christ)
    if tens := match["tens"] or match["maybe"]:
        return _portion(part, int(tens) * 10, 10, before_christ)
    if decade := match["decade"] or match["ten"]:
        first = int(decade)
        if match["decades"]:
            return first, first // 100 * 100 + int(match["decades"]) + 9
        return _portion(part, first, 100 if first % 100 == 0 else 10, before_christ)
    return _year(match, text, before_christ, is_plausible)


def _millennia(match: re.Match[str], part: str | None, before_christ: bool) -> _Span:
    named = [(match["millennium"], part), (match["until"], match["later"])] if match["until"] else []
    spans = [
        _portion(words, (_number(number) - 1) * 1000 + 1, 1000, before_christ)
        for number, words in named or [(match["millennium"], part)]
    ]
    return min(span[0] for span in spans), max(span[1] for span in spans)


def _number(text: str) -> int:
    return int(text) if text.isdigit() else _from_roman(text.upper())


def _year(match: re.Match[str], text: str, before_christ: bool, is_plausible: bool) -> _Span | None:
    digits = match["long"] or match["short"] or match["small"]
    year, end = int(digits), match["end"]
    if len(digits) > 4 and not before_christ:
        return None
    if len(digits) == 3 and not (_ONLY_A_DATE.match(text) or (is_plausible or len(end or "") == 4)):
        return None
    if end is None or match["month"]:
        return year, year
    last = int(end)
    if before_christ and last <= year:
        return last, year
    if len(end) < len(digits) and not (before_christ or len(end) == 3):
        size = 10 ** len(end)
        last += year // size * size
        last = max(last, year) + (9 if match["ends"] else 0)  # 1882-04 is a month
    if match["more"]:
        last = last // 100 * 100 + int(match["more"])
    if "/" in match["dash"] and len(end) == len(digits):
        return min(year, last), max(year, last)
    return year, last


def _portion(words: str | None, first: int, length: int, backwards: bool) -> _Span:
    """Return the part of a century or decade that words name: early, mid, late, second half, last quarter."""
    if not words:
        return first, first + length - 1
    short = {"in": "early", "ex": "late", "med": "mid"}
    start, stop = terms.share(short.get(words.lower().rstrip("."), words))
    start, stop = (1 - stop, 1 - start) if backwards else (start, stop)
    return first + int(length * start), first + int(length * stop) - 1


def _from_roman(text: str) -> int:
    values = [_ROMAN[letter] for letter in text]
    return sum(-value if value < max(values[i:]) else value for i, value in enumerate(values))
