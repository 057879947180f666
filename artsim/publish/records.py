"""Records of artworks in files of a few hundred, and the pages of one work, read in one pass over each table."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from artsim.publish.draft import Draft
from artsim.web.collection import Collection
from artsim.web.pictures import MISSING
from artsim.web.records import MANY, record_of, web_address
from artsim.web.site import Site

SHORT = 500  # short records of a file
FULL = 100  # full records of a file
_PART = 20_000  # full records in memory

Record = dict[str, Any]


def write_short_records(collection: Collection, draft: Draft) -> None:
    """Writes ``api/records/N.json``, and ``api/ids.json`` with the first id of each, by which an id is looked up."""
    firsts = []
    for start in range(0, len(collection), SHORT):
        numbers = np.arange(start, min(start + SHORT, len(collection)))
        draft.write_json(f"api/records/{start // SHORT}.json", collection.records(numbers))
        firsts.append(collection.id(start))
    draft.write_json("api/ids.json", firsts)


def full_records(site: Site) -> Iterator[tuple[int, list[Record]]]:
    """Yields the first number and the full records of each ``_PART`` artworks."""
    pages, faults = _Pages(site.collection), _image_faults(site.collection)
    for start in range(0, len(site.collection), _PART):
        stop = min(start + _PART, len(site.collection))
        catalog = _rows(site, "catalog", start, stop)
        labels = {name: _rows(site, f"labels/{name}", start, stop) for name in site.groups.labels}
        topics = {name: _rows(site, f"topics/{name}", start, stop) for name in site.groups.topics}
        records = []
        for number in range(start, stop):
            about = catalog[number][0] if number in catalog else {"id": site.collection.id(number)}
            record = record_of(number, about, pages.others(number), faults.get(number))
            record["clusters"] = site.groups.memberships(number)
            for key, tables in (("labels", labels), ("topics", topics)):
                record[key] = [
                    {"name": name, **{column: value for column, value in row.items() if column != "id"}}
                    for name, rows in tables.items()
                    for row in rows.get(number, ())
                ]
            records.append(record)
        yield start, records


def _rows(site: Site, name: str, start: int, stop: int) -> dict[int, list[Record]]:
    """Returns the rows of a table by number, for the artworks from ``start`` to before ``stop``."""
    rows_of: dict[int, list[Record]] = {}
    for rows in site.archive.table(name).listed().scan():
        numbers = site.collection.numbers(rows["id"])
        wanted = (numbers >= start) & (numbers < stop)
        for number, row in zip(numbers[wanted].tolist(), rows.filter(pa.array(wanted)).to_pylist(), strict=True):
            rows_of.setdefault(number, []).append(row)
    return rows_of


def _image_faults(collection: Collection) -> dict[int, str]:
    """Returns why artworks have no image, by number."""
    faults, has_row = dict[int, str](), np.zeros(len(collection), bool)
    for numbers, rows in collection.placed(collection.archive.table("images"), ["status"]):
        has_row[numbers] = True
        statuses = zip(numbers.tolist(), rows["status"].to_pylist(), strict=True)
        faults |= {number: status for number, status in statuses if status != "ok"}
    return faults | dict.fromkeys(np.flatnonzero(~has_row).tolist(), MISSING)


class _Pages:
    """Which artworks have the same page of the museum: several images of one work."""

    def __init__(self, collection: Collection) -> None:
        encoded = collection.rows["page_url"].combine_chunks().dictionary_encode()
        self._urls = encoded.dictionary
        self._codes = np.asarray(pc.fill_null(encoded.indices, -1)).astype(np.int64)
        self._order = np.argsort(self._codes, kind="stable")
        self._sorted = self._codes[self._order]

    def others(self, number: int) -> list[int]:
        code = self._codes[number]
        if code < 0 or web_address(self._urls[int(code)].as_py()) is None:
            return []
        low, high = np.searchsorted(self._sorted, [code, code + 1])
        return [int(other) for other in self._order[low:high][:MANY] if other != number]
