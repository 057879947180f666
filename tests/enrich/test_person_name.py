"""Names in lists: inverted, in capitals, with particles and generations."""

import pytest

from artsim.enrich.person_name import parse_name


@pytest.mark.parametrize(
    ("text", "words", "keys", "generation"),
    [
        ("Rossi, Mario", ("mario", "rossi"), (1,), None),
        ("Mario Rossi", ("mario", "rossi"), (1,), None),
        ("DE CHIRICO Giorgio", ("giorgio", "chirico"), (1,), None),
        ("TIEPOLO Gianbattista", ("gianbattista", "tiepolo"), (1,), None),
        ("Doesburg, Theo van", ("theo", "doesburg"), (1,), None),
        ("Zurbarán, Francisco de", ("francisco", "zurbaran"), (1,), None),
        ("Leonardo da Vinci", ("leonardo", "vinci"), (0, 1), None),
        ("Correggio", ("correggio",), (0,), None),
        ("Dunoyer de Segonzac, André", ("andre", "dunoyer", "segonzac"), (1, 2), None),
        ("Moholy-Nagy, László", ("laszlo", "moholy", "nagy"), (1, 2), None),
        ("Brueghel, Jan (Velvet), the Elder", ("jan", "brueghel"), (1,), 1),
        ("TENIERS David (il Giovane)", ("david", "teniers"), (1,), 2),
        ("Millet, Jean François I", ("jean", "francois", "millet"), (2,), 1),
        ("Vinne, Vincent Laurentsz. Van Der I", ("vincent", "laurentsz", "vinne"), (2,), 1),
        ("Troubetzkoy, Paolo, Prince", ("paolo", "troubetzkoy"), (1,), None),
        ("葛飾北斎", ("葛飾北斎",), (0,), None),
    ],
)
def test_a_name_has_words_keys_and_a_generation(
    text: str, words: tuple[str, ...], keys: tuple[int, ...], generation: int | None
) -> None:
    name = parse_name(text)
    assert name is not None
    assert (name.words, name.keys, name.generation) == (words, keys, generation)


@pytest.mark.parametrize("text", ["", "  ", "(?)", "123", "\x00\x1b[2J"[:1], ", ,"])
def test_no_word_is_no_name(text: str) -> None:
    assert parse_name(text) is None


@pytest.mark.parametrize("text", ["\x1b[31m" * 5000, "A " * 100_000, "(((((" * 50_000, "a, " * 100_000, "ÄÖ " * 50_000])
def test_a_hostile_name_is_read_in_no_time(text: str) -> None:
    parse_name(text)
