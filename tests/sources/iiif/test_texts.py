"""Labels and values of IIIF resources in several languages."""

from typing import Any

import pytest

from artsim.sources.iiif.texts import names_of, parts_of, text_of

WHISTLER = {"fr": ["La Mère de Whistler"], "en": ["Whistler's Mother", "Arrangement"], "none": ["WM"]}


@pytest.mark.parametrize(
    ("value", "languages", "text"),
    [
        ("plain", ["en"], "plain"),
        (1889, ["en"], "1889"),
        (WHISTLER, ["en"], "Whistler's Mother; Arrangement"),
        (WHISTLER, ["de", "fr"], "La Mère de Whistler"),
        (WHISTLER, ["de"], "WM"),
        ({"ja": ["椅子"], "cy-GB": ["Teitl"]}, ["cy"], "Teitl"),
        ({"ja": ["椅子"], "fr": ["chaise"]}, ["en"], "椅子"),
        ([{"@value": "Title", "@language": "en"}, {"@value": "Teitl", "@language": "cy-GB"}], ["cy", "en"], "Teitl"),
        ([{"@value": "8 S."}, {"@value": "8°"}], ["en"], "8 S.; 8°"),
        (["a", "b"], ["en"], "a; b"),
        ({"@value": "x"}, ["en"], "x"),
        ('<span>By <a href="x">Glen</a> &amp; co<br/>2020</span>', ["en"], "By Glen & co 2020"),
        ("a < b and c > d", ["en"], "a < b and c > d"),
        ("two\n  lines", ["en"], "two lines"),
        ({"en": []}, ["en"], None),
        ({"en": ""}, ["en"], None),
        (None, ["en"], None),
        ([None, {"x": {}}], ["en"], None),
        ({}, [], None),
    ],
)
def test_texts_use_the_preferred_language(value: Any, languages: list[str], text: str | None) -> None:
    assert text_of(value, languages) == text


def test_a_label_is_known_in_all_its_languages() -> None:
    assert names_of({"en": ["Creator:"], "fr": ["Auteur"]}) == ["creator", "auteur"]


@pytest.mark.parametrize(
    ("label", "plain"),
    [
        ("Creator(s)", "creator"),
        ("Creators:", "creator"),
        ("Creator (Database)", "creator"),
        ("Date of Origin (English)", "dateoforigin"),
        ("Date_en", "date"),
        ("dateCreated", "datecreated"),
        ("Materials & Techniques", "materialtechnique"),
    ],
)
def test_labels_are_compared_without_brackets_plurals_and_languages(label: str, plain: str) -> None:
    assert names_of(label) == [plain]


def test_compound_labels_have_parts() -> None:
    assert parts_of("Type/technique") == ["type", "technique"]
    assert parts_of({"en": ["Culture & Date"]}) == ["culture", "date"]


def test_comments_that_are_never_closed_take_linear_time() -> None:
    assert text_of("a<!-- x --> b", ["en"]) == "a b"
    assert text_of("<!--" * 2_000_000 + "end", ["en"])  # would take hours if each opening were searched to the end
