"""Persons in texts: variants, initials, inversions, particles, qualifiers, and what is left open."""

import time

import pytest

from artsim.enrich.authority import Authority, Person, authority_of
from artsim.enrich.mentions import FullNames, Matcher

_LIST = {
    "p1": ["Picasso, Pablo"],
    "k1": ["Kandinsky, Wassily", "KANDINSKIJ Vasilij"],
    "d1": ["Doesburg, Theo van"],
    "o1": ["de Oliveira, Ana"],
    "r1": ["Rembrandt van Rijn"],
    "g1": ["Bellini, Giovanni"],
    "g2": ["Bellini, Gentile"],
    "b1": ["Brueghel, Jan, the Elder"],
    "b2": ["Brueghel, Jan, the Younger"],
    "c1": ["Caravaggio, Michelangelo Merisi da", "CARAVAGGIO"],
    "c2": ["Polidoro da Caravaggio"],
    "s1": ["Stella, Jacques"],
    "v1": ["Villon, Jacques"],
    "m1": ["Millet, Jean-François"],
    "n1": ["Moholy-Nagy, László"],
    "t1": ["Tintoretto, Jacopo"],
    "z1": ["Maler, Hans"],
    "f1": ["Fontana, Lavinia"],
    "x1": ["葛飾北斎"],
}


def _authority() -> Authority:
    persons = [Person(key, names[0], *((1552, 1614) if key == "f1" else (None, None))) for key, names in _LIST.items()]
    return authority_of(persons, _LIST)


_AUTHORITY = _authority()
_MATCHER = Matcher(_AUTHORITY, 0.8)


def _found(text: str, artist: str = "", archive: FullNames = FullNames()) -> list[tuple[str, str]]:  # noqa: B008
    """Returns printed name and id of each mention; the ids of the candidates with a question mark if it is unclear."""
    mentions = _MATCHER({"text": text}, artist, archive=archive)
    persons = _AUTHORITY.persons
    return [
        (
            text[mention.start : mention.end],
            "?".join(persons[candidate].id for candidate in mention.candidates)
            if mention.person is None
            else persons[mention.person].id,
        )
        for mention in mentions
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("by Pablo Picasso in 1907", [("Pablo Picasso", "p1")]),
        ("PICASSO, Pablo", [("PICASSO, Pablo", "p1")]),
        ("PICASSO Pablo", [("PICASSO Pablo", "p1")]),
        ("P. Picasso", [("P. Picasso", "p1")]),
        ("pablo picasso", [("pablo picasso", "p1")]),
        ("Vasily Kandinsky", [("Vasily Kandinsky", "k1")]),
        ("Theo van Doesburg", [("Theo van Doesburg", "d1")]),
        ("Doesburg, Theo", [("Doesburg, Theo", "d1")]),
        ("Ana de Oliveira; Ana Oliveira", [("Ana de Oliveira", "o1"), ("Ana Oliveira", "o1")]),
        ("a Rembrandt van Rijn", [("Rembrandt van Rijn", "r1")]),
        ("J.-F. Millet", [("J.-F. Millet", "m1")]),
        ("Jean Francois Millet", [("Jean Francois Millet", "m1")]),
        ("László Moholy-Nagy", [("László Moholy-Nagy", "n1")]),
        ("Jan Brueghel the Elder", [("Jan Brueghel", "b1")]),
        ("Jan Brueghel II", [("Jan Brueghel", "b2")]),
        ("Caravaggio", [("Caravaggio", "c1")]),
        ("Polidoro da Caravaggio", [("Polidoro da Caravaggio", "c2")]),
        ("葛飾北斎", [("葛飾北斎", "x1")]),
        ("Gentile and Giovanni Bellini", [("Giovanni Bellini", "g1")]),
        (
            "Picasso, Pablo; Bellini, Gentile & Jacopo Tintoretto",
            [("Picasso, Pablo", "p1"), ("Bellini, Gentile", "g2"), ("Jacopo Tintoretto", "t1")],
        ),
    ],
)
def test_a_full_name_is_found_in_any_form(text: str, expected: list[tuple[str, str]]) -> None:
    assert _found(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("G. Bellini", [("G. Bellini", "g1?g2")]),
        ("Jan Brueghel", [("Jan Brueghel", "b1?b2")]),
        ("Jacopo Tintorretto", [("Jacopo Tintorretto", "t1")]),  # another spelling: one candidate, not resolved
    ],
)
def test_what_is_unclear_is_listed(text: str, expected: list[tuple[str, str]]) -> None:
    mention = _MATCHER({"text": text})[0]
    assert mention.person is None
    assert _found(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Frank Stella and Stella",
        "Olga Picasso",
        "the Musée Picasso",
        "Raymond Duchamp-Villon",
        "Picasso Museum",
        "Jacques Smith",
        "Mario Kandinsky",
        "ein Maler",
        "Picasso",  # the list has one, but the archive never names him in full
        "",
    ],
)
def test_other_persons_are_not_found(text: str) -> None:
    assert _found(text) == []


def test_a_family_name_alone_means_whom_the_texts_name_in_full() -> None:
    assert _found("Pablo Picasso met Olga Picasso. Picasso's house.")[1:] == [("Picasso", "p1")]
    assert _found("Picasso painted it", artist="Picasso, Pablo") == [("Picasso", "p1")]
    assert _found("Stella and Jacques Stella", artist="Frank Stella") == [("Jacques Stella", "s1")]
    assert _found("In so doing van Doesburg had", artist="Theo van Doesburg") == [("van Doesburg", "d1")]
    assert _found("Bellini", artist="Gentile Bellini") == [("Bellini", "g2")]
    assert _found("a Rembrandt-esque portrait", artist="Rembrandt van Rijn") == [("Rembrandt", "r1")]


def test_a_family_name_alone_means_the_only_person_of_the_list_whom_the_archive_names() -> None:
    number = {person.id: place for place, person in enumerate(_AUTHORITY.persons)}
    assert _found("like Picasso", archive=FullNames(frozenset({number["p1"]}))) == [("Picasso", "p1")]
    assert _found("like Picasso", archive=FullNames(frozenset({number["p1"]}), frozenset({"picasso"}))) == []
    assert _found("like Bellini", archive=FullNames(frozenset({number["g1"]}))) == [("Bellini", "g1?g2")]


def test_german_nouns_are_no_given_names() -> None:
    text = "Das Bild Rembrandts hängt nicht in der Werkstatt, die nach Rembrandt van Rijn heißt."
    assert _found(text) == [("Rembrandt", "r1"), ("Rembrandt van Rijn", "r1")]


def test_years_tell_an_artist_from_an_older_one() -> None:
    texts = {"artist": "Lavinia Fontana"}
    assert [mention.score for mention in _MATCHER(texts, years=(1590, 1595))] == [1.0]
    assert [mention.score for mention in _MATCHER(texts, years=(1950, 1960))] == [0.9]


def test_names_do_not_cross_lines_and_places_are_exact() -> None:
    assert _found("Pablo\nPicasso") == []
    text = "Ce\u0301zanne \x1b[31m Pablo Picasso"
    assert _found(text) == [("Pablo Picasso", "p1")]


@pytest.mark.parametrize(
    "text",
    [
        "Picasso " * 130_000,
        "Pablo " * 170_000,
        "de " * 340_000 + "Oliveira",
        "Rembrandt " + "van " * 250_000,
        "Leonardo, " * 100_000,
        "x" * 1_000_000,
        "\x00\x1b" * 500_000,
        "Аб葛ß" * 250_000,
        "A." * 500_000,
        "'" * 1_000_000,
    ],
    ids=lambda text: text[:12].encode("unicode_escape").decode(),
)
@pytest.mark.slow
def test_a_hostile_megabyte_takes_seconds(text: str) -> None:
    began = time.process_time()
    _MATCHER({"text": text})
    assert time.process_time() - began < 60
