"""Texts of IIIF in several languages."""

from typing import Any

import pytest

from artsim.sources.labels import names_of, text_of

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
def test_a_text_in_the_language_that_is_preferred(value: Any, languages: list[str], text: str | None) -> None:
    assert text_of(value, languages) == text


def test_a_label_is_known_in_all_its_languages() -> None:
    assert names_of({"en": ["Creator:"], "fr": ["Auteur"]}) == ["creator", "auteur"]
