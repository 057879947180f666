"""Patterns for the words in dates, in the languages of the catalogs: eras, centuries and their parts."""

import re
from fractions import Fraction

# Where a number may begin: not inside a word or a longer number. (\b would fail between Chinese characters and digits.)
START = r"(?<![\dA-Za-zÀ-ɏ])"
ORDINAL = r"(?:st|nd|rd|th|i?[èe]mes?|[èe]re?|ers?|re|nde?|ste|de|:?e|[°ºªa.])(?![a-zà-ÿ])"

CENTURY_WORD = (
    r"(?:centur(?:y|ies)|siècles?|siecles?|secol[oi]|siglos?|séculos?|eeuw(?:en)?|jahrhunderts?|jahrhunderten?|jhdts?\b"
    r"|jhd?s?\b|århundre(?:de)?[rt]?|århundradet?|vuosisa\w*|století|wieku?|век[аи]?|世紀|世纪)\.?"
)
MILLENNIUM = r"(?:mill?enni(?:um|a|o)|millénaires?|mil[eêé]nios?|jahrtausends?|årtusin?(?:de|d|en)?t?)(?![a-zà-ÿ])"
# Short forms are ambiguous: "c." before a number means circa.
CENTURY_SHORT = r"(?:cent\b|c\b(?!\.?\s*\d)|ct\b|sec\b|sc\b|s\b(?=\.)|w\b(?=\.)|årh\b|в\b(?=\.))\.?"
CENTURY_BEFORE = r"(?:secol[oi]|siglos?|séculos?|siècles?|century|secc?\.|saec\.|sæc\.|ss?\.)"

BEFORE_CHRIST = (
    r"(?:b\.?\s?c\.?(?:\s?e\.?)?|v\.?\s?(?:chr|kr)\b\.?|v\.?\s?u\.?\s?z\b\.?|v\.\s?c\.?|vor\s+(?:chr\w*|unserer\s+zeit\w*)"
    r"|voor\s+chr\w*|f\.?\s?kr\b\.?|f\.?\s?v\.?\s?t\b\.?|før\s+kr\w*|före\s+kr\w*|av(?:ant|\.)?\s?(?:j\.?\s?-?\s?c\b\.?|notre\s+ère"
    r"|jésus[\s-]christ)|a\.?\s?c\.?(?:\s?n\.)?|a\.\s?n\.\s?e\.?|a\.\s?e\.\s?[cv]\.?|antes\s+de\s+(?:cristo|c\.)"
    r"|avanti\s+cristo|p\.\s?n\.\s?e\.?|до\s+н\.?\s?э\.?|př\.\s?n\.\s?l\.?|e\.\s?a\.\s?a\.?|before\s+christ)(?![a-z])"
)
AFTER_CHRIST = (
    r"(?:a\.?\s?d\.?|c\.?\s?e\.?|n\.?\s?(?:chr|kr)\b\.?|n\.?\s?u\.?\s?z\b\.?|n\.\s?c\.?|na(?:ch)?\s+chr\w*|e\.?\s?kr\b\.?"
    r"|e\.?\s?v\.?\s?t\b\.?|ap(?:r(?:ès|\.)?|\.)?\s?(?:j\.?\s?-?\s?c\b\.?|jésus[\s-]christ)|de\s+notre\s+ère|d\.?\s?c\.?"
    r"|e\.\s?v\.?|н\.\s?э\.?|n\.\s?l\.?|anno\s+domini)(?![a-z])"
)
ERA = rf"(?:{BEFORE_CHRIST}|{AFTER_CHRIST})"

# Joins two dates that share one word: "15th-16th century", "500 to about 400 BC".
JOINT = r"(?:to|or|and|until|till?|through|bis|und|oder|et|ou|à|au|al|o|e|y|u|a|en|of|og|eller|tot|och)"
CIRCA = (
    r"(?:c|ca|circa|about|around|um|vers|verso|hacia|omkring|ongeveer|possibly|probably|perhaps"
    r"|the|le|il|el|des?|d[au]l?)"
)
BETWEEN = re.compile(rf"[\s(\[]*(?:(?:[-/,&+;]|\b{JOINT}\b)[\s(\[]*){{1,3}}(?:\b{CIRCA}\b\.?\s*){{0,2}}", re.IGNORECASE)

_HALF = r"hal(?:f|ves)|h(?:ä|ae)lfte?n?|moiti[ée]|met[àa]|mitad|metade|helft|halvdel(?:en)?|h\."
_QUARTER = r"quarter|qtr\.?|viertel|quart(?:o|el)?|cuarto|kwart|kvart(?:al)?|fjerdedel|v\."
_THIRD = r"third|drittel|tiers|terzo|tercio|terço|derde|tredjedel"
_NUMBERS = (
    r"first|premi(?:er|[èe]re)|erste[nrs]?|prim[oa]|primer[oa]?|primeir[oa]|eerste|første|första",
    r"second[oae]?|deuxi[èe]me|zweite[nrs]?|segund[oa]|tweede|and(?:en|et|ra)",
    r"third|troisi[èe]me|dritte[nrs]?|terz[oa]|tercer[oa]?|terceir[oa]|derde|tredje",
    r"fourth|quatri[èe]me|vierte[nrs]?|quart[oa]|cuart[oa]|vierde|fjerde",
)
_LAST = r"last|latter|derni(?:er|[èe]re)|letzte[nrs]?|[uú]ltim[oa]|laatste|sidste|sista|siste"
_EARLY = (
    r"(?:very\s+)?early|beginning|begin|start|anfang|beginn|frühe[sn]?|d[ée]but|commencement|inizi[o]?|principi(?:o|os)?"
    r"|comienzos?|in[ií]cios?|vroege?|begyndelsen|begynnelsen|början|tidlige?t?"
)
_MID = r"mid(?:dle)?|mitte|milieu|met[àa]|mitad|mediados|meados|midden|midten|mitten"
_LATE = r"late|ende?|späte[sn]?|fins?|fines?|final(?:es)?|finais|einde?|slutningen|slutten|slutet|sene?|tardo"
_COUNTED = rf"(?:[1-4]\s?{ORDINAL}|IV|I{{1,3}}|{'|'.join(_NUMBERS)}|{_LAST})"
_ONE = rf"(?:{_COUNTED}[\s-]*(?:{_HALF}|{_QUARTER}|{_THIRD})|[1-4]/[234](?=\s)|(?:{_EARLY}|{_MID}|{_LATE}))(?![a-zà-ÿ])"
PART = rf"{START}{_ONE}(?:\s*(?:-|/|to|or|bis|à|of|tot|til)\s*{_ONE})?"
OF = (
    r"(?:(?:\s+|-|')(?:of\s+the|of|the|d[ue]|des|de\s+la|de\s+l|de|del|dell[oae]?|d|do|la|le|l|el|il|van\s+de|van\s+het|van"
    r"|der|vom|im|af\s+det|af|av)\b'?)?[\s-]*"
)

_PARTS = re.compile(
    rf"(?P<number>{_COUNTED})[\s-]*(?:(?P<half>{_HALF})|(?P<quarter>{_QUARTER})|(?P<third>{_THIRD}))(?![a-zà-ÿ])"
    rf"|(?P<nth>[1-4])/(?P<of>[234])|(?P<early>{_EARLY})(?![a-zà-ÿ])|(?P<mid>{_MID})(?![a-zà-ÿ])|(?:{_LATE})(?![a-zà-ÿ])",
    re.IGNORECASE,
)


def share(words: str) -> tuple[Fraction, Fraction]:
    """Return the start and end of a named part ("early", "2. Hälfte", "mid to late"), as fractions of the whole."""
    shares = [_share(match) for match in _PARTS.finditer(words)]
    return min(first for first, _ in shares), max(last for _, last in shares)


def _share(match: re.Match[str]) -> tuple[Fraction, Fraction]:
    if match["number"]:
        size = 2 if match["half"] else 4 if match["quarter"] else 3
        index = _index(match["number"], size)
    elif match["nth"]:
        size, index = int(match["of"]), int(match["nth"]) - 1
    else:
        size, index = 3, 0 if match["early"] else 1 if match["mid"] else 2
    return Fraction(min(index, size - 1), size), Fraction(min(index, size - 1) + 1, size)


def _index(number: str, size: int) -> int:
    if number[0].isdigit():
        return int(number[0]) - 1
    if re.fullmatch(r"IV|I{1,3}", number, re.IGNORECASE):
        return 3 if number.upper() == "IV" else len(number) - 1
    words = (index for index, known in enumerate(_NUMBERS) if re.fullmatch(known, number, re.IGNORECASE))
    return next(words, size - 1)
