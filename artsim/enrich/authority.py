"""A list of persons with the names they are known by, from a CSV file: ULAN, a Wikidata export, or any other."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from artsim.archive import UserError
from artsim.enrich.csv_file import read_csv
from artsim.enrich.person_name import PersonName, parse_name
from artsim.sources.tables.columns import plain_name

# By field: the names of columns that hold it, without case, accents and punctuation; the first one present is used.
_COLUMNS = {
    "id": ("id", "ulan", "ulanid", "qid", "wikidata", "item", "identifier", "uri", "authorulan", "artistid"),
    "name": ("name", "label", "preferredname", "preflabel", "itemlabel", "authorulanlabel", "author", "artist"),
    "variants": ("variants", "variant", "aliases", "alias", "altlabel", "altlabels", "itemaltlabel", "author"),
    "born": ("born", "birth", "birthyear", "yearofbirth", "dateofbirth", "authorbirth"),
    "died": ("died", "death", "deathyear", "yearofdeath", "dateofdeath", "authordeath"),
    "nationality": ("nationality", "nationalitylabel", "authornationality"),
}
_COMBINED = 8  # names of a person whose parts are combined
_SEPARATORS = re.compile(r"[;|\n]")
_YEAR = re.compile(r"-?\d{3,4}")


@dataclass(frozen=True)
class Person:
    """An entry of the list. Years are None if unknown."""

    id: str
    name: str
    born: int | None = None
    died: int | None = None
    nationality: str | None = None

    def may_have_made(self, year_from: int | None, year_to: int | None) -> bool:
        """Whether the person lived when an artwork of these years was made; true if that is unknown."""
        too_old = self.died is not None and year_from is not None and year_from > self.died + _MARGIN
        too_young = self.born is not None and year_to is not None and year_to < self.born + _MARGIN
        return not (too_old or too_young)


_MARGIN = 8  # years: dates of life and of works are rough; nobody paints before this age


@dataclass(frozen=True)
class Authority:
    """The persons of a list, and their names by each plain word that may stand for the whole name.

    ``by_key`` has person, name and the place of the word in the name. ``given`` has the plain given names of the list
    and how many persons have each.
    """

    persons: list[Person]
    by_key: dict[str, list[tuple[int, PersonName, int]]] = field(repr=False)
    given: Counter[str] = field(repr=False)


def read_authority(path: str, columns: Mapping[str, str]) -> Authority:
    """Reads a CSV file with a header. ``columns`` names those of some fields; the others have well-known names.

    Several variants in one cell are separated by semicolons, bars or line breaks. Rows of one id are one person. Raises
    ``UserError`` if the file can't be read, or has no column for the ids or names.
    """
    persons: dict[str, Person] = {}
    names: dict[str, dict[str, None]] = {}
    for table in read_csv(path, "authority"):
        chosen = _chosen(columns, table.column_names, path)
        for row in table.select(sorted(set(chosen.values()))).to_pylist():
            cells = {name: (row[column] or "").strip() for name, column in chosen.items()}
            variants = _variants(cells.get("variants", ""), chosen.get("variants", ""))
            label = cells["name"] or next(iter(variants), "")
            if not cells["id"] or not label:
                continue
            person = Person(
                cells["id"], label, _year(cells.get("born")), _year(cells.get("died")), cells.get("nationality") or None
            )
            persons.setdefault(person.id, person)
            names.setdefault(person.id, {}).update(dict.fromkeys([label, *variants]))
    if not persons:
        raise UserError(f"`authority` {path}: no row has an id and a name; `columns` id=... name=... name the columns")
    return authority_of(list(persons.values()), names)


def authority_of(persons: Sequence[Person], names: Mapping[str, Iterable[str]]) -> Authority:
    """Returns the list of these persons; ``names`` has the names of each by id, the preferred one first."""
    by_key: dict[str, list[tuple[int, PersonName, int]]] = {}
    given = Counter[str]()
    for number, person in enumerate(persons):
        parsed = _combined([name for name in map(parse_name, names[person.id]) if name])
        for name in parsed:
            for place in name.keys:
                if len(name.words[place]) > 1:
                    by_key.setdefault(name.words[place], []).append((number, name, place))
        given.update({word for name in parsed for word in name.given if len(word) > 1})
    return Authority(list(persons), by_key, given)


def _combined(names: list[PersonName]) -> list[PersonName]:
    """Returns the names, and each family name with each of the given names: variants seldom list all spellings."""
    generation = next((name.generation for name in names if name.generation), None)
    names = [replace(name, generation=generation) for name in names]
    combined = dict.fromkeys(names)
    for family in names[:_COMBINED]:
        for given in names[:_COMBINED]:
            if family.given and given.given:
                words = (*given.given, *family.family)
                keys = tuple(sorted({len(given.given), len(words) - 1}))
                combined.setdefault(PersonName(words, keys, family.particles, generation))
    return list(combined)


def _chosen(columns: Mapping[str, str], existing: list[str], path: str) -> dict[str, str]:
    by_plain: dict[str, str] = {}
    for column in existing:
        by_plain.setdefault(plain_name(column), column)
    chosen = {
        name: next(by_plain[plain] for plain in known if plain in by_plain)
        for name, known in _COLUMNS.items()
        if any(plain in by_plain for plain in known)
    }
    for name, column in columns.items():
        if column not in existing:
            raise UserError(f"`columns` {name}={column}: {path} has no such column; it has {', '.join(existing)[:300]}")
        chosen[name] = column
    for name in ("id", "name"):
        if name not in chosen:
            raise UserError(
                f"`authority` {path}: no column for the {name}; name it with `columns` {name}=COLUMN; the file has "
                f"{', '.join(existing)[:300]}"
            )
    return chosen


def parse_columns(texts: Iterable[str]) -> dict[str, str]:
    """Parses ``id=AuthorULAN name=Label`` into a dict by field. Raises ``UserError`` for bad syntax or other fields."""
    columns = {}
    for text in texts:
        name, equals, column = text.partition("=")
        if not equals or not column or name not in _COLUMNS:
            raise UserError(f"`columns` {text}: must be FIELD=COLUMN; the fields are {', '.join(_COLUMNS)}")
        columns[name] = column
    return columns


def _variants(cell: str, column: str) -> list[str]:
    if "altlabel" in plain_name(column):  # Wikidata joins them by commas, and none is inverted
        cell = cell.replace(", ", ";")
    return [variant.strip() for variant in _SEPARATORS.split(cell) if variant.strip()]


def _year(cell: Any) -> int | None:
    match = _YEAR.search(cell or "")
    return int(match[0]) if match else None
