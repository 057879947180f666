"""The source ``table``: a catalog stored as CSV, Parquet or JSON in one file, or as a folder of JSON files."""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import PurePosixPath

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from artsim.archive import Store, UserError
from artsim.sources.base_folder import NO_FILE, BaseFolder, parent_of
from artsim.sources.json_records.documents import LINES
from artsim.sources.json_records.objects import read_objects, with_nested
from artsim.sources.locations import is_folder, open_location
from artsim.sources.records import CHUNK_ROWS, Chunk, Columns, Records, Source
from artsim.sources.tables.columns import check_columns, check_scheme, columns_in, resolved, with_template
from artsim.sources.tables.delimited import read_delimited, unique
from artsim.sources.tables.embedded_images import embedded_images
from artsim.sources.tables.file_kinds import check_table
from artsim.sources.tables.image_column import ImageColumns, no_images
from artsim.sources.tables.image_folder import open_images
from artsim.sources.tables.mapping import catalog_rows
from artsim.sources.tables.numbers import text_of_numbers, without_nan

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
    """Open a table at a path or a bucket URL. ``columns`` maps catalog columns to the table's (see ``parse_columns``).

    ``template`` is a text with columns in braces that gives the image URL. ``images`` is a folder with the images that
    the rows name. ``size`` is the number of rows read at a time. Raises ``UserError`` if the file does not exist or
    lacks a column that was named.
    """
    chosen = with_template(columns, template)
    image_folder = open_images(images) if images is not None else None
    store = open_location(location)
    in_folder = is_folder(store)
    if not in_folder:
        name = store.root.lower()
        check_table(store, location, json=name.endswith(_JSON), parquet=name.endswith(_PARQUET))
    usage = Columns()
    base_folder = image_folder or BaseFolder(store if in_folder else parent_of(store))

    def chunks(_: list[str]) -> Iterator[Chunk]:
        first, rows, image_columns = True, 0, ImageColumns()
        named = [column for text in chosen.values() for column in columns_in(text)]
        for records in readable(_records(store, in_folder, named, size), location):
            texts = records.columns()
            addresses = {name: text for name, text in texts.items() if name.split(".")[0] not in records.embedded}
            mapping = resolved(
                chosen, list(texts), [] if image_folder or "image_url" in chosen else image_columns.of(addresses)
            )
            if image_folder and "image_url" not in chosen:
                mapping = image_folder.mapped(texts, mapping)
            rows += len(records.where)
            if first and len(records.where):
                if records.embedded and mapping.get("image_url", records.embedded)[0] in records.embedded:
                    raise _embedded(location, records.embedded[0], list(texts))
                check_columns(columns, list(texts))
                check_columns({"image_url": template} if template else {}, list(texts), "`image_template` ")
                if "image_url" not in mapping:
                    no_images(location, texts)
                _log.info("catalog: %s", ", ".join(f"{name}={'|'.join(names)}" for name, names in mapping.items()))
            used = {column for names in mapping.values() for text in names for column in columns_in(text)}
            usage.note(mapping, (column for column in records.table.column_names if column not in used))
            chunk = catalog_rows(records, mapping, base_folder, chosen)
            if (
                first
                and not image_folder
                and not len(chunk.rows)
                and any(row.reason == NO_FILE for row in chunk.rejects)
            ):
                check_scheme(chosen, "`image_template` " if template else "`columns` image_url=")
                _log.warning(
                    "catalog: %s names files that are not next to the table; pass `images` FOLDER, "
                    "or `image_template` to build URLs from columns",
                    "|".join(mapping["image_url"]),
                )
            first = first and not len(records.where)
            yield chunk
        if image_folder and rows:
            image_folder.check_found()

    name = PurePosixPath(store.root).name
    return Source(name.split(".")[0], store.uri, chunks, base_folder.root, columns=usage)


def _embedded(location: str, column: str, table_columns: list[str]) -> UserError:
    named = f" `columns` image_url={column}.path" if f"{column}.path" in table_columns else ""
    return UserError(
        f"`location` {location}: the column {column} holds the images themselves; the catalog needs image files: "
        "write them to a folder, under the names given by the rows or their ids, "
        f"and pass `images` FOLDER{named}"
    )


def readable(records: Iterator[Records], location: str) -> Iterator[Records]:
    """Yield the same records. Raises ``UserError`` if the file is damaged."""
    try:
        yield from records
    except (OSError, pa.ArrowInvalid, EOFError) as error:
        raise UserError(f"`location` {location}: cannot be read: {error}") from error


def _records(store: Store, in_folder: bool, chosen: list[str], size: int) -> Iterator[Records]:
    name = store.root.lower()
    if in_folder or name.endswith(_JSON):
        yield from read_objects(store, chosen, size)
    elif name.endswith(_PARQUET):
        yield from _from_parquet(store, chosen, size)
    else:
        with store.filesystem.open_input_stream(store.root) as stream:  # also decompresses .gz and similar
            yield from read_delimited(stream, store.uri, size=size)


def _from_parquet(store: Store, chosen: list[str], size: int) -> Iterator[Records]:
    """Read a Parquet file: structs become dotted columns, lists of structs JSON, and all other values text."""
    line = 1
    try:
        # read buffered, because a row group may be as large as the file
        file = pq.ParquetFile(store.filesystem.open_input_file(store.root), buffer_size=1 << 20, pre_buffer=False)
    except pa.ArrowInvalid as error:
        raise UserError(f"`location` {store.uri}: not a Parquet file: {error}") from error
    with file:
        embedded = embedded_images(file)
        columns = [path for path in _paths(file) if path not in embedded] if embedded else None
        embedded_columns = tuple(dict.fromkeys(path.split(".")[0] for path in embedded))
        for batch in file.iter_batches(size, columns=columns):
            table = pa.Table.from_batches([batch])
            while any(pa.types.is_struct(field.type) for field in table.schema):
                table = table.flatten()
            table = table.rename_columns(unique(table.column_names))
            nested = [field.name for field in table.schema if _is_nested(field.type)]
            texts = pa.table({name: _as_text(table[name]) for name in table.column_names if name not in nested})
            where = pa.array(range(line, line + len(table)), pa.int64()).cast(pa.string())
            line += len(table)
            records = with_nested(texts, table.select(nested).to_pylist() if nested else [], where, chosen)
            yield replace(records, embedded=embedded_columns)


def _paths(file: pq.ParquetFile) -> list[str]:
    return [file.schema.column(index).path for index in range(len(file.schema))]


def _is_nested(kind: pa.DataType) -> bool:
    """Whether a column holds maps, or lists of anything but text."""
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
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid):  # bytes and other types that no catalog column can hold
        return pa.nulls(len(column), pa.string())
