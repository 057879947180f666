"""Words of texts in any script, and the language of a text."""

import pytest

from artsim.text.languages import LANGUAGES, language_of, stop_words
from artsim.text.words import plain, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Paul Cézanne’s", ["paul", "cezanne", "s"]),
        ("Ce\u0301zanne", ["cezanne"]),
        ("Ægidius Ødegaard, Łukasz Strauß", ["aegidius", "odegaard", "lukasz", "strauss"]),
        ("Ренуар, 葛飾北斎 1831", ["ренуар", "葛飾北斎"]),
        ("result.¹ Mondrian²", ["result", "mondrian"]),
        ("a_b\x00c\x1b[31md", ["a", "b", "c", "md"]),
        ("", []),
    ],
)
def test_words_are_runs_of_letters_without_case_and_accents(text: str, expected: list[str]) -> None:
    assert [word.plain for word in words(text)] == expected


def test_places_are_those_of_the_text() -> None:
    text = "Ce\u0301zanne, STRAUSS und Strauß"
    for word in words(text):
        assert plain(text[word.start : word.end]) == word.plain
    assert [word.is_name_like for word in words(text)] == [True, True, False, True]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("the view of a village with the trees", "en"),
        ("die Ansicht eines Dorfes mit den Bäumen und einer Kirche", "de"),
        ("une vue du village avec les arbres et une église dans le fond", "fr"),
        ("una veduta del villaggio con gli alberi e la chiesa nello sfondo", "it"),
        ("una vista de los pueblos con las iglesias y el río", "es"),
        ("", "en"),
    ],
)
def test_the_language_is_that_of_the_stop_words(text: str, language: str) -> None:
    assert language_of(word.plain for word in words(text)) == language


def test_every_language_has_stop_words_without_accents_too() -> None:
    assert all(len(stop_words(language)) > 100 for language in LANGUAGES)
    assert {"für", "fur"} <= stop_words("de")
    assert "bill" not in stop_words("en")
