"""Compares the given names before a family name in a text with those of a person."""

from collections.abc import Collection, Sequence

_INITIAL = 0.92
_FEWER_NAMES = 0.98  # the text has fewer given names than the list
_OTHER_NAME = 0.75  # the text has another given name: perhaps another person
_WORD_BETWEEN = 0.75  # the text has another word between given and family name
_SIMILAR, _ABBREVIATED = 0.88, 0.75  # Jaro-Winkler similarities; the lower one if another given name is the same
_OTHER_SPELLING = 0.97


def compared(text: Sequence[str], listed: Sequence[str], given: Collection[str]) -> tuple[float, int] | None:
    """Compares plain words of a text with a person's given names, both from the family name outwards.

    Returns the score, 0 to 1, and how many words of the text belong to the name; None if they don't fit. ``given`` are
    words that are known as given names: such a word before the matching ones makes another person likely.
    """
    unused, scores = list(listed), list[float]()
    has_same = bool(set(text) & set(listed))
    for word in text:
        is_first = [has_same or other == listed[-1] for other in unused]
        likeness = [
            (_likeness(word, *pair, has_same), -place) for place, pair in enumerate(zip(unused, is_first, strict=True))
        ]
        score, place = max(likeness, default=(0.0, 0))
        scores.append(score)
        if score:
            unused.pop(-place)
    if not any(scores):
        return None
    used = max(place for place, score in enumerate(scores, 1) if score)
    missing = scores[:used].count(0.0)
    if missing and scores[used - 1] < 1:
        return None
    total = min(score for score in scores[:used] if score)
    if missing:
        total *= _WORD_BETWEEN
    elif unused:
        total *= _FEWER_NAMES
    is_initials = all(len(word) == 1 for word in text[:used])
    if any(is_initials or word in given or len(word) == 1 for word in text[used:]):
        total *= _OTHER_NAME
    return total, used


def _likeness(word: str, listed: str, is_first: bool, has_same: bool) -> float:
    """Returns 1 if the words are the same, 0 if they differ; only a first name may be spelled otherwise."""
    from rapidfuzz.distance import JaroWinkler

    if word == listed:
        return 1.0
    if 1 in (len(word), len(listed)):
        return _INITIAL if word[0] == listed[0] else 0.0
    similarity = JaroWinkler.similarity(word, listed)
    is_spelling = (
        is_first and similarity >= _SIMILAR and abs(len(word) - len(listed)) < 2
    )  # Vasily, Vasilij; not Mariano
    is_abbreviated = has_same and word[0] == listed[0] and similarity >= _ABBREVIATED  # Gian and Giovanni Lorenzo
    return similarity * _OTHER_SPELLING if is_spelling or is_abbreviated else 0.0
