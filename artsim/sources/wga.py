"""The source ``wga``: the catalog of the Web Gallery of Art (https://www.wga.hu).

The file has 11 columns separated by semicolons.
"""

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.fs as pafs

from artsim.archive import UserError
from artsim.archive.rejects import Reject
from artsim.sources.dates import years
from artsim.sources.locations import open_location
from artsim.sources.records import ROWS, Chunk, Records, Source
from artsim.sources.tables.delimited import read_delimited
from artsim.sources.tables.file_kinds import check_table
from artsim.sources.tables.mapping import metadata, tidy
from artsim.sources.tables.source import readable

_ADDRESS = r"^https?://(?:www\.)?wga\.hu/(?:frames-e\.html\?/)?html(?:_m)?/(?P<place>[^?#]+)\.html?$"
_TEXTS = {
    "artist": "AUTHOR",
    "title": "TITLE",
    "date_text": "DATE",
    "type": "TYPE",
    "technique": "TECHNIQUE",
    "location": "LOCATION",
    "school": "SCHOOL",
}
_METADATA_COLUMNS = {"born_died": "BORN-DIED", "form": "FORM", "timeframe": "TIMEFRAME"}
_NEEDED = [*_TEXTS.values(), *_METADATA_COLUMNS.values(), "URL"]


def open_wga(location: str) -> Source:
    """Open the gallery's catalog as offered for download. Raises ``UserError`` if the file is missing or another one.

    The local id is the artwork's path in the gallery (``a/aachen/allegory``), which gives the URLs of its page and its
    image. Years come from DATE, else from TIMEFRAME. Rows without the URL of a gallery page are rejected.
    """
    store = open_location(location)
    if store.filesystem.get_file_info(store.root).type == pafs.FileType.Directory:
        raise UserError(f"`location` {location}: a folder, not the Web Gallery's catalog")
    check_table(store, location)

    def chunks(_: list[str]) -> Iterator[Chunk]:
        with store.filesystem.open_input_stream(store.root) as stream:
            for records in readable(read_delimited(stream, location, delimiter=";"), location):
                if missing := [name for name in _NEEDED if name not in records.table.column_names]:
                    raise UserError(
                        f"`location` {location}: not the Web Gallery's catalog; it has no column {missing[0]}"
                    )
                yield _chunk(records)

    return Source("wga", store.uri, chunks, own_ids=True)


def _chunk(records: Records) -> Chunk:
    table, count = records.table, len(records.table)
    place = pc.struct_field(pc.extract_regex(table["URL"], _ADDRESS), "place")
    rows = {name: tidy(table[column]) for name, column in _TEXTS.items()}
    rows["id"] = place
    rows["image_url"] = pc.binary_join_element_wise("https://www.wga.hu/art/", place, ".jpg", "")
    rows["page_url"] = pc.binary_join_element_wise("https://www.wga.hu/html/", place, ".html", "")
    dates = zip(table["DATE"].to_pylist(), table["TIMEFRAME"].to_pylist(), strict=True)
    ends = [years(date) if any(years(date)) else years(frame) for date, frame in dates]
    rows["year_from"] = pa.array([first for first, _ in ends], pa.int32())
    rows["year_to"] = pa.array([last for _, last in ends], pa.int32())
    rows["metadata"] = metadata({name: table[column] for name, column in _METADATA_COLUMNS.items()}, frozenset(), count)
    rows["where"] = records.where
    whole = pa.table({field.name: rows.get(field.name, pa.nulls(count, field.type)) for field in ROWS}, schema=ROWS)
    is_rejected = pc.is_null(place)
    rejects = [
        Reject.of(where, "the URL is not a Web Gallery page", address)
        for where, address in zip(records.where.filter(is_rejected), table["URL"].filter(is_rejected), strict=True)
    ]
    return Chunk(whole.filter(pc.is_valid(place)), [*records.rejects, *rejects])
