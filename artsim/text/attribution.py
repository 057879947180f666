"""Words that qualify an attribution, such as "workshop of", in English, German, French, Italian and Spanish."""

import re

# By qualifier: what stands before a name.
_BEFORE = {
    "attributed to": "attributed to|attrib. to|attr. to|ascribed to|zugeschrieben|zugeschrieben an|attribué à"
    "|attribuée à|attribuito a|attribuita a|atribuido a|atribuida a",
    "workshop of": "workshop of|shop of|studio of|atelier of|werkstatt von|werkstatt des|werkstatt der|atelier de"
    "|atelier du|atelier d'|bottega di|bottega del|bottega dei|taller de|taller del|officina di",
    "circle of": "circle of|umkreis von|umkreis des|kreis von|kreis des|cercle de|entourage de|cerchia di|cerchia del"
    "|ambito di|círculo de|entorno de",
    "follower of": "follower of|followers of|nachfolger von|nachfolger des|nachfolge von|nachfolge des|suiveur de"
    "|disciple de|seguace di|seguace del|seguidor de",
    "pupil of": "pupil of|student of|schüler von|schüler des|élève de|allievo di|discípulo de",
    "school of": "school of|schule von|schule des|école de|scuola di|scuola del|escuela de",
    "manner of": "manner of|style of|in the manner of|in the style of|art des|stil des|in der art von|manière de"
    "|à la manière de|maniera di|alla maniera di|manera de|estilo de",
    "copy after": "copy after|copy of|copies after|kopie nach|copie d'après|copie de|copia da|copia di|copia de",
    "imitator of": "imitator of|nachahmer von|nachahmer des|imitateur de|imitatore di|imitador de",
    "possibly": "possibly|probably|presumably|perhaps|vermutlich|wohl|möglicherweise|peut-être|probablement"
    "|probabilmente|forse|posiblemente|probablemente",
}
# Words that mean other things in prose.
_BEFORE_IN_CAPTIONS = {"after": "after|nach|d'après|da|según"}
_AFTER = {
    "attributed to": "attributed|zugeschrieben|attribué|attribuito|atribuido",
    "workshop of": "and workshop|und werkstatt|et atelier|e bottega|y taller",
    "possibly": "?",
}
_MAX_CAPTION_CHARACTERS = 300  # characters of the longest caption; longer texts are prose
_CONTEXT_CHARACTERS = 60  # characters around a name that are searched


def _pattern(phrases: str) -> str:
    # longest first; accents and apostrophes as printed or as typed on a plain keyboard
    choices = sorted(phrases.split("|"), key=len, reverse=True)
    text = "|".join(re.escape(choice).replace(r"\ ", r"\s+").replace("'", "['’]") for choice in choices)
    return f"(?:{text})"


_GROUPS = {f"q{number}": qualifier for number, qualifier in enumerate([*_BEFORE, *_BEFORE_IN_CAPTIONS])}


def _alternatives(phrases: dict[str, str], tail: str) -> str:
    group_of = {qualifier: group for group, qualifier in _GROUPS.items()}
    return "|".join(f"(?P<{group_of[name]}>{_pattern(text)}{tail})" for name, text in phrases.items())


_PROSE_BEFORE = re.compile(
    rf"(?<![^\W_])(?:{_alternatives(_BEFORE, '')})[\s:]*(?:(?:the|by|von|par)\s+)?$", re.IGNORECASE
)
_CAPTION_BEFORE = re.compile(
    rf"(?:^|[;,(\[/:]|\band)\s*(?:{_alternatives(_BEFORE_IN_CAPTIONS, '')})\s+$", re.IGNORECASE
)
_IN_BRACKETS = re.compile(
    rf"\s*[,(\[]\s*(?:{_alternatives(_BEFORE | _BEFORE_IN_CAPTIONS, '')})\s*(?:[)\]]|$)", re.IGNORECASE
)
_FOLLOWING = [
    (qualifier, re.compile(rf"\s*[,(\[]?\s*{_pattern(text)}(?!\w)", re.IGNORECASE))
    for qualifier, text in _AFTER.items()
]


def qualifier(text: str, start: int, end: int) -> str | None:
    """Returns how the name at ``text[start:end]`` is qualified, in English: ``workshop of``; None if it is not.

    The qualifier stands before the name ("Werkstatt von Rembrandt") or after it ("Rembrandt (follower of)").
    """
    before, after = (max(start - _CONTEXT_CHARACTERS, 0), start), (end, end + _CONTEXT_CHARACTERS)
    matches = [_PROSE_BEFORE.search(text, *before), _IN_BRACKETS.match(text, *after)]
    if len(text) <= _MAX_CAPTION_CHARACTERS:
        matches.append(_CAPTION_BEFORE.search(text, *before))
    for match in filter(None, matches):
        return next(_GROUPS[group] for group, words in match.groupdict().items() if words)
    return next((name for name, pattern in _FOLLOWING if pattern.match(text, *after)), None)
