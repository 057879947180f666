"""Qualifiers of attributions in five languages."""

import time

import pytest

from artsim.text.attribution import qualifier


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        ("Workshop of Rembrandt", "Rembrandt", "workshop of"),
        ("Werkstatt von Rembrandt", "Rembrandt", "workshop of"),
        ("Atelier de Rembrandt", "Rembrandt", "workshop of"),
        ("Bottega di Tiziano", "Tiziano", "workshop of"),
        ("Taller de Ribera", "Ribera", "workshop of"),
        ("Rembrandt (follower of)", "Rembrandt", "follower of"),
        ("Nachfolger des Hieronymus Bosch", "Hieronymus Bosch", "follower of"),
        ("after Raphael", "Raphael", "after"),
        ("nach Rembrandt", "Rembrandt", "after"),
        ("d’après Rubens", "Rubens", "after"),
        ("Anna; da Tiziano", "Tiziano", "after"),
        ("Rubens, attribué à", "Rubens", "attributed to"),
        ("attributed to the Rubens", "Rubens", "attributed to"),
        ("Rubens (zugeschrieben)", "Rubens", "attributed to"),
        ("Rubens and workshop", "Rubens", "workshop of"),
        ("Rubens (?)", "Rubens", "possibly"),
        ("probably by Rubens", "Rubens", "possibly"),
        ("Nine years after Picasso", "Picasso", None),  # not at the start of a caption
        ("landscape of Rubens", "Rubens", None),
        ("Rubens", "Rubens", None),
    ],
)
def test_a_name_is_qualified_by_what_stands_next_to_it(text: str, name: str, expected: str | None) -> None:
    start = text.index(name)
    assert qualifier(text, start, start + len(name)) == expected


def test_after_means_a_copy_only_in_captions() -> None:
    assert qualifier("after Raphael", 6, 13) == "after"
    prose = "word " * 100
    assert qualifier(f"{prose}; after Raphael", len(prose) + 8, len(prose) + 15) is None


def test_a_long_text_takes_no_longer() -> None:
    text = "copie d'" * 100_000 + "Raphael"
    began = time.process_time()
    for _ in range(100):
        qualifier(text, len(text) - 7, len(text))
    assert time.process_time() - began < 1  # each reads some characters, not the whole text
