"""The source ``table``: a catalogue kept as CSV, Parquet or JSON, in one file (for JSON also a folder of them)."""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import PurePosixPath

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from artsim.archive import Mistake, Store
from artsim.sources.below import NO_FILE, Below, parent_of
from artsim.sources.beside import open_images
from artsim.sources.columns import check_columns, check_scheme, columns_in, resolved, with_template
from artsim.sources.delimited import read_delimited, unique
from artsim.sources.documents import LINES
from artsim.sources.embedded import embedded_images
from artsim.sources.image_column import ImageColumns, no_images
from artsim.sources.kinds import check_table
from artsim.sources.mapping import catalog_rows
from artsim.sources.objects import read_objects, with_nested
from artsim.sources.places import is_folder, open_location
from artsim.sources.plain_numbers import text_of_numbers, without_nan
from artsim.sources.record import CHUNK_ROWS, Chunk, Columns, Records, Source

_PARQUET = (".parquet", ".pq")
_JSON = (".json", *LINES)

_log = logging.getLogger(__name__)


def open_table(
    location: str,
    columns: Mapping[str, str],
    template: str | None = None,
    images: str | None = None,
    size: int = CHUNK_ROWS,
) -> Source:
    """A table at a path or a bucket's address. ``columns`` are the catalog's by name, as parse_columns gives them.

    ``template`` is a text with columns in braces that gives the image's address; ``images`` is a folder that has the
    images, of which the rows give the names; ``size`` is how many rows are read at a time. Mistake if there is no such
    file, or it lacks a column that was named.
    """
    wanted = with_template(columns, template)
    beside = open_images(images) if images is not None else None
    store = open_location(location)
    in_folder = is_folder(store)
    if not in_folder:
        name = store.root.lower()
        check_table(store, location, json=name.endswith(_JSON), parquet=name.endswith(_PARQUET))
    told = Columns()
    below = beside or Below(store if in_folder else parent_of(store))

    def chunks(_: list[str]) -> Iterator[Chunk]:
        first, rows, judged = True, 0, ImageColumns()
        named = [column for text in wanted.values() for column in columns_in(text)]
        for records in readable(_records(store, in_folder, named, size), location):
            there = records.columns()
            addresses = {name: one for name, one in there.items() if name.split(".")[0] not in records.embedded}
            mapping = resolved(wanted, list(there), [] if beside or "image_url" in wanted else judged.of(addresses))
            if beside and "image_url" not in wanted:
                mapping = beside.mapped(there, mapping)
            rows += len(records.where)
            if first and len(records.where):
                if records.embedded and mapping.get("image_url", records.embedded)[0] in records.embedded:
                    raise _embedded(location, records.embedded[0], list(there))
                check_columns(columns, list(there))
                check_columns({"image_url": template} if template else {}, list(there), "--image-template ")
                if "image_url" not in mapping:
                    no_images(location, there)
                _log.info("catalog: %s", ", ".join(f"{name}={'|'.join(some)}" for name, some in mapping.items()))
            used = {column for some in mapping.values() for text in some for column in columns_in(text)}
            told.note(mapping, (column for column in records.table.column_names if column not in used))
            chunk = catalog_rows(records, mapping, below, wanted)
            if first and not beside and not len(chunk.rows) and any(one.reason == NO_FILE for one in chunk.rejects):
                check_scheme(wanted, "--image-template " if template else "--columns image_url=")
                _log.warning(
                    "catalog: %s names files that are not beside the table; --images FOLDER says where they lie, "
                    "--image-template makes addresses of columns",
                    "|".join(mapping["image_url"]),
                )
            first = first and not len(records.where)
            yield chunk
        if beside and rows:
            beside.check_found()

    name = PurePosixPath(store.root).name
    return Source(name.split(".")[0], store.uri, chunks, below.root, columns=told)


def _embedded(location: str, column: str, there: list[str]) -> Mistake:
    named = f" --columns image_url={column}.path" if f"{column}.path" in there else ""
    return Mistake(
        f"--location {location}: the column {column} holds the images themselves; the catalog takes images that are "
        "files: write them into a folder under the names that the rows or their ids give, "
        f"and say --images FOLDER{named}"
    )


def readable(records: Iterator[Records], location: str) -> Iterator[Records]:
    """The same; what can't be read because the file is damaged is the caller's Mistake."""
    try:
        yield from records
    except (OSError, pa.ArrowInvalid, EOFError) as error:
        raise Mistake(f"--location {location}: it can't be read: {error}") from error


def _records(store: Store, in_folder: bool, wanted: list[str], size: int) -> Iterator[Records]:
    name = store.root.lower()
    if in_folder or name.endswith(_JSON):
        yield from read_objects(store, wanted, size)
    elif name.endswith(_PARQUET):
        yield from _from_parquet(store, wanted, size)
    else:
        with store.filesystem.open_input_stream(store.root) as stream:  # decompresses .gz and the like by itself
            yield from read_delimited(stream, store.uri, size=size)


def _from_parquet(store: Store, wanted: list[str], size: int) -> Iterator[Records]:
    """A Parquet file with structs opened to dotted columns, lists of structs as JSON, and all values as text."""
    line = 1
    try:
        # read buffered, because a row group may be as large as the file
        file = pq.ParquetFile(store.filesystem.open_input_file(store.root), buffer_size=1 << 20, pre_buffer=False)
    except pa.ArrowInvalid as error:
        raise Mistake(f"--location {store.uri}: no Parquet file: {error}") from error
    with file:
        embedded = embedded_images(file)
        columns = [path for path in _paths(file) if path not in embedded] if embedded else None
        tops = tuple(dict.fromkeys(path.split(".")[0] for path in embedded))
        for batch in file.iter_batches(size, columns=columns):
            table = pa.Table.from_batches([batch])
            while any(pa.types.is_struct(field.type) for field in table.schema):
                table = table.flatten()
            table = table.rename_columns(unique(table.column_names))
            nested = [field.name for field in table.schema if _is_nested(field.type)]
            texts = pa.table({name: _as_text(table[name]) for name in table.column_names if name not in nested})
            where = pa.array(range(line, line + len(table)), pa.int64()).cast(pa.string())
            line += len(table)
            records = with_nested(texts, table.select(nested).to_pylist() if nested else [], where, wanted)
            yield replace(records, embedded=tops)


def _paths(file: pq.ParquetFile) -> list[str]:
    return [file.schema.column(at).path for at in range(len(file.schema))]


def _is_nested(kind: pa.DataType) -> bool:
    """Whether a column has lists of more than plain texts, or maps."""
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        return not pa.types.is_string(kind.value_type)
    return pa.types.is_map(kind)


def _as_text(column: pa.ChunkedArray) -> pa.ChunkedArray | pa.Array:
    if pa.types.is_list(column.type) or pa.types.is_large_list(column.type):
        return pc.binary_join(column, "; ")
    if pa.types.is_floating(column.type):
        return text_of_numbers(column)
    try:
        return without_nan(column.cast(pa.string()))
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid):  # bytes and other things no catalog column can hold
        return pa.nulls(len(column), pa.string())
