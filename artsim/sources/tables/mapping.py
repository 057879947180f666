"""Maps the rows of a table to catalog rows, column by column, because tables have millions of rows."""

import json
import re
from collections.abc import Callable, Collection, Mapping
from typing import TypeAlias
from urllib.parse import quote

import pyarrow as pa
import pyarrow.compute as pc

from artsim.archive.rejects import Reject
from artsim.sources.base_folder import BaseFolder, OutsideFolder
from artsim.sources.dates import years
from artsim.sources.json_records.nested_text import named_in_text
from artsim.sources.records import ROWS, Chunk, Records
from artsim.sources.tables.column_names import PAGE_IDS, WEAK_DATES
from artsim.sources.tables.columns import Resolved, plain_name
from artsim.sources.tables.missing_values import without_machine_made, without_no_value
from artsim.sources.tables.thumbnail_urls import largest_of
from artsim.sources.tables.value_kinds import first_of

_TEXTS = ("page_url", "title", "artist", "date_text", "style", "type", "technique", "location", "school", "rights")
_WORDS = frozenset(_TEXTS) - {"page_url", "rights"}

_STORED = ("file", "s3", "gs", "gcs", "hdfs", "viewfs", "abfs", "abfss")  # URL schemes of storage that can hold files
_UNSAFE = r"[\x00-\x20#?&\"<>\\^`{|}\[\]]"  # characters that are percent-encoded in a URL
_TIME_OF_DAY = r"^([+-]?\d{4,}-\d\d-\d\d) \d\d:\d\d(?::\d\d(?:\.\d+)?)?\s?(?:Z|UTC|[+-]\d\d:?\d\d)?$"
# Values of "type" that describe the record, not the artwork: classes of ontologies (ore:Aggregation), GeoJSON and such.
_PLUMBING = (
    r"^(?:[a-z]\w*:[A-Z]\w*|(?i:https?)://\S+|(?:Feature|FeatureCollection|Point|Polygon|edanmdm|uri|literal|bnode"
    r"|Manifest|Collection|Dataset|_doc|VisualArtwork|CreativeWork|LinguisticObject|HumanMadeObject|InformationObject)$)"
)
_LONGEST_DATE = 60  # characters
_NO_WORDS = ("image_url", "page_url", "date_text", "year_from", "year_to")
_FILTERED = _WORDS | {"page_url"}

_Column: TypeAlias = pa.ChunkedArray | pa.Array


def catalog_rows(
    records: Records, mapping: Resolved, folder: BaseFolder, mapped_by_caller: Collection[str] = ()
) -> Chunk:
    """Map the rows of a table to catalog rows.

    If several columns map to one catalog column, each row uses the first that has a value. Values of catalog columns
    in ``mapped_by_caller`` are not filtered. An image that is not a URL is a file below the folder
    ``folder``; a row whose file cannot be used is rejected. If the table has no id, the id is the image as the table
    names it. Values that fill no column go to ``metadata``.
    """
    count = len(records.where)
    catalog_columns: dict[str, _Column] = {}
    used: dict[str, _Column] = {}
    for name, columns in mapping.items():
        catalog_columns[name] = _first_of_row(records, name, columns, name in mapped_by_caller, used)
    images, problems = _images(catalog_columns.get("image_url", pa.nulls(count, pa.string())), folder)
    rows = {name: catalog_columns.get(name, pa.nulls(count, pa.string())) for name in _TEXTS}
    rows["id"] = catalog_columns.get("id", catalog_columns.get("image_url", images))
    rows["image_url"] = images
    rows["rights"] = _rights(rows["rights"])
    rows["year_from"], rows["year_to"] = _years(catalog_columns, rows["date_text"])
    rows["metadata"] = metadata(_unused(records, used), records.nested, count)
    rows["where"] = records.where
    table = pa.table({field.name: rows.get(field.name, pa.nulls(count, field.type)) for field in ROWS}, schema=ROWS)
    if problems:
        rejects = [
            Reject.of(records.where[row_number], reason, text) for row_number, (reason, text) in problems.items()
        ]
        rejected_rows = pa.array(list(problems), pa.int64())
        table = table.filter(pc.invert(pc.is_in(pa.array(range(count), pa.int64()), value_set=rejected_rows)))
        return Chunk(table, [*records.rejects, *rejects])
    return Chunk(table, records.rejects)


def metadata(columns: Mapping[str, pa.ChunkedArray], nested: frozenset[str], count: int) -> pa.Array:
    """Combine columns into one column of JSON objects without empty values; null where all values are empty."""
    segments = []
    for name, column in columns.items():
        values = tidy(column)
        quoted = pc.binary_join_element_wise('"', _escaped(values), '"', "")
        if name in nested:
            quoted = pc.if_else(pc.match_substring_regex(values, r"^[\[{]"), values, quoted)
        segment = pc.binary_join_element_wise(f", {json.dumps(name, ensure_ascii=False)}: ", quoted, "")
        segments.append(pc.fill_null(segment, ""))
    if not segments:
        return pa.nulls(count, pa.string())
    joined = pc.utf8_slice_codeunits(pc.binary_join_element_wise(*segments, ""), 2)
    whole = pc.binary_join_element_wise("{", joined, "}", "")
    return pc.if_else(pc.equal(joined, ""), pa.scalar(None, pa.string()), whole)


def tidy(column: pa.ChunkedArray | pa.Array) -> pa.ChunkedArray | pa.Array:
    """Return text trimmed and on one line; null where it is empty or a program's marker for a missing value."""
    column = without_machine_made(pc.utf8_trim_whitespace(column))
    if pc.any(pc.match_substring_regex(column, r"[\r\n\t]")).as_py():
        column = pc.replace_substring_regex(column, r"\s+", " ")
    return pc.if_else(pc.equal(column, ""), pa.scalar(None, pa.string()), column)


def _first_of_row(
    records: Records, name: str, columns: tuple[str, ...], is_mapped_by_caller: bool, used: dict[str, _Column]
) -> _Column:
    """Return the values of a catalog column: in each row, the value of the first column that has one.

    Records in ``used`` which rows took their value from which column.
    """
    values: _Column | None = None
    for column in columns:
        cleaned = _fitting(name, column, _column(records, column, name in _NO_WORDS), is_mapped_by_caller)
        is_used = pc.is_valid(cleaned)
        if values is None:
            values = cleaned
        else:
            is_used = pc.and_(is_used, pc.is_null(values))
            values = pc.coalesce(values, cleaned)
        if "{" not in column and column not in records.nested:
            used[column] = pc.or_(used[column], is_used) if column in used else is_used
    return values


def _fitting(name: str, column: str, values: _Column, is_mapped_by_caller: bool) -> _Column:
    """Clean values for a catalog column; null where they do not fit, unless the caller mapped the column."""
    if name == "image_url":
        values = _each(values, pc.match_substring_regex(values, r"[;|\s]"), largest_of)
        return values if is_mapped_by_caller else _service_images(column, values)
    if name in _WORDS or name == "rights":
        literal = pc.or_(pc.starts_with(values, "["), pc.starts_with(values, "{"))
        values = _each(values, literal, named_in_text if name in _WORDS else _rights_in_text)
    if name == "date_text":
        values = pc.replace_substring_regex(values, _TIME_OF_DAY, r"\1")
    if name == "type" and not is_mapped_by_caller:
        values = _where(pc.invert(pc.match_substring_regex(values, _PLUMBING)), values)
    if name == "date_text" and not is_mapped_by_caller and plain_name(column) in WEAK_DATES:
        return _each(values, pc.is_valid(values), _date_or_none)
    must_be_url = name == "id" and plain_name(column) in PAGE_IDS[1:]  # must be a URL to be an id
    if is_mapped_by_caller or (name not in _FILTERED and not must_be_url):
        return values
    is_web = pc.starts_with(values, "http", ignore_case=True)
    if name in ("page_url", "id"):
        return _where(is_web, _each(values, pc.match_substring_regex(values, r"[;|\s]"), first_of))
    if not pc.any(is_web).as_py():
        return values
    return _where(pc.invert(pc.match_substring_regex(values, r"^(?i:https?)://\S+(; https?://\S+)*$")), values)


def _date_or_none(text: str) -> str | None:
    """Return the text if it is only a date: short, not nested, with a year in it; else None."""
    is_short = len(text) <= _LONGEST_DATE and not text.startswith(("{", "[", "http"))
    return text if is_short and years(text) != (None, None) else None


def _rights_in_text(text: str) -> str | None:
    """Return the words of a nested rights statement; if it has none, the URL of a license in it, else None."""
    address = re.search(r"https?://[^\s\"'\]}]+", text)
    return named_in_text(text) or (address[0] if address else None)


def _service_images(column: str, values: _Column) -> _Column:
    """Turn the service URLs of an IIIF column into image URLs; other values are unchanged."""
    plain = plain_name(column)
    if "iiif" not in plain:
        return values
    image_request = r"(?i)(\.(jpe?g|png|tiff?|gif|webp)|/info\.json|/(default|native|color|gray)(\.\w+)?)(\?.*)?$"
    is_base = pc.match_substring_regex(values, r"^(?i:https?)://")
    if not plain.endswith("id"):
        is_base = pc.and_not(is_base, pc.match_substring_regex(values, image_request))
    images = pc.replace_substring_regex(values, r"(/info\.json|/)?$", "/full/max/0/default.jpg")
    return pc.if_else(is_base, images, values)


def _each(values: _Column, chosen: _Column, change: Callable[[str], str | None]) -> _Column:
    """Apply ``change`` to each of the chosen values."""
    if not pc.any(chosen).as_py():
        return values
    pairs = zip(values.to_pylist(), chosen.to_pylist(), strict=True)
    return pa.array((change(value) if is_chosen else value for value, is_chosen in pairs), pa.string())


def _where(test: _Column, values: _Column) -> _Column:
    return pc.if_else(test, values, pa.scalar(None, pa.string()))


def _unused(records: Records, used: Mapping[str, _Column]) -> dict[str, _Column]:
    """Return the columns of a table without the values that fill catalog columns."""
    columns = {}
    for name in records.table.column_names:
        values = records.table[name]
        if name in used:
            values = _where(pc.invert(used[name]), values)
            if not pc.any(pc.not_equal(values, "")).as_py():
                continue
        columns[name] = values
    return columns


def _column(records: Records, text: str, no_words: bool) -> _Column:
    """Return a column, or a text with columns in braces filled in; null where a column is empty.

    With ``no_words``, for URLs and dates, "None" or "-" is empty too.

    In a URL, characters of a value that would end or break its path (``#``, ``?``, spaces and the like) are
    percent-encoded. Letters of any language, ``/``, ``:`` and percent-encoded characters stay. A value at the start of
    the text also stays, because it may be a whole URL.
    """
    if "{" not in text:
        if text not in records.inner and text not in records.table.column_names:
            return pa.nulls(len(records.where), pa.string())
        values = tidy(records.inner[text] if text in records.inner else records.table[text])
        return without_no_value(values) if no_words else values
    segments = re.split(r"\{([^{}]*)\}", text)
    parts = [_column(records, segment, no_words) if index % 2 else segment for index, segment in enumerate(segments)]
    if re.match(r"(?i:https?)://|\{", text):
        for index in range(1 if segments[0] else 3, len(parts), 2):
            parts[index] = _each(parts[index], pc.match_substring_regex(parts[index], _UNSAFE), _quoted)
    return pc.binary_join_element_wise(*parts, "")


def _quoted(value: str) -> str:
    return re.sub(_UNSAFE, lambda match: quote(match[0], safe=""), value)


def _escaped(values: pa.ChunkedArray | pa.Array) -> pa.ChunkedArray | pa.Array:
    """Escape text for use between the quotes of a JSON string."""
    if pc.any(pc.match_substring_regex(values, r"[\x00-\x1f]")).as_py():
        texts = (None if value is None else json.dumps(value, ensure_ascii=False)[1:-1] for value in values.to_pylist())
        return pa.array(texts, pa.string())
    if pc.any(pc.match_substring_regex(values, r'["\\]')).as_py():
        values = pc.replace_substring(pc.replace_substring(values, "\\", "\\\\"), '"', '\\"')
    return values


def _images(
    values: pa.ChunkedArray | pa.Array, folder: BaseFolder
) -> tuple[pa.ChunkedArray | pa.Array, dict[int, tuple[str, str]]]:
    """Return image URLs, and by row number why a file cannot be used and the name that the table gives it."""
    values = pc.replace_substring_regex(values, r"^//([^/]+\.[^/]+/)", r"https://\1")  # a URL without its scheme
    values = pc.replace_substring_regex(values, r"^((?i:https?)://.*)/info\.json$", r"\1/full/max/0/default.jpg")
    if not folder.only and pc.all(pc.match_substring_regex(values, r"^(?i:https?)://"), min_count=0).as_py():
        return values, {}
    problems: dict[int, tuple[str, str]] = {}
    addresses = []
    for row_number, value in enumerate(values.to_pylist()):
        try:
            addresses.append(_address(value, folder))
        except OutsideFolder as problem:
            problems[row_number] = str(problem), value
            addresses.append(None)
    return pa.array(addresses, pa.string()), problems


def _address(value: str | None, folder: BaseFolder) -> str | None:
    scheme = re.match(r"([A-Za-z][A-Za-z0-9+.-]*)://", value or "")
    if value is None or (not folder.only and scheme and scheme[1].lower() in ("http", "https")):
        return value
    if folder.only:
        return folder.address(value)
    if scheme:
        if scheme[1].lower() not in _STORED:
            raise OutsideFolder("only http and https addresses are fetched")
        folder.path(value)
        return value
    return folder.address(value)


def _rights(values: pa.ChunkedArray | pa.Array) -> pa.ChunkedArray | pa.Array:
    """Return rights unchanged; a mere yes or no becomes ``public domain`` or ``not in the public domain``."""
    words = pc.utf8_lower(values)
    values = pc.if_else(pc.is_in(words, value_set=pa.array(["true", "yes", "1", "t"])), "public domain", values)
    return pc.if_else(
        pc.is_in(words, value_set=pa.array(["false", "no", "0", "f"])), "not in the public domain", values
    )


def _years(catalog_columns: Mapping[str, pa.ChunkedArray], date_text: pa.ChunkedArray) -> tuple[pa.Array, pa.Array]:
    """Return first and last years: those that the table gives, else those read from its date text."""
    read = [years(text) for text in date_text.to_pylist()]
    ends = []
    for index, name in enumerate(("year_from", "year_to")):
        parsed = [span[index] for span in read]
        if name in catalog_columns:
            given_years = (years(text)[index] for text in catalog_columns[name].to_pylist())
            parsed = [old if new is None else new for new, old in zip(given_years, parsed, strict=True)]
        ends.append(pa.array(parsed, pa.int32()))
    return ends[0], ends[1]
