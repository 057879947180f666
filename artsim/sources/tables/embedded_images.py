"""Finds columns of a Parquet table that hold image bytes, as in data sets on the Hugging Face Hub."""

from collections.abc import Iterator
from typing import Any

import pyarrow.parquet as pq

_SAMPLED_ROWS = 16  # rows that are looked at
_STARTS = (b"\xff\xd8\xff", b"\x89PNG\r\n", b"GIF8", b"II*\0", b"MM\0*", b"BM", b"\0\0\0\x0cJXL", b"\0\0\0\x0cjP")


def embedded_images(file: pq.ParquetFile) -> list[str]:
    """Return the paths of columns whose bytes are images (``image.bytes``)."""
    columns = [file.schema.column(at) for at in range(len(file.schema))]
    binary = [
        column.path for column in columns if column.physical_type == "BYTE_ARRAY" and str(column.logical_type) == "None"
    ]
    return [path for path in binary if _holds_images(file, path)]


def _holds_images(file: pq.ParquetFile, path: str) -> bool:
    batch = next(file.iter_batches(_SAMPLED_ROWS, columns=[path]), None)
    values = [data for row in batch.to_pylist() for data in _bytes_in(row)] if batch else []
    return 2 * sum(map(_is_image, values)) > len(values)


def _is_image(data: bytes) -> bool:
    is_other = (data[:4] == b"RIFF" and data[8:12] == b"WEBP") or data[4:12] in (b"ftypavif", b"ftypheic")
    return data.startswith(_STARTS) or is_other


def _bytes_in(value: Any) -> Iterator[bytes]:
    if isinstance(value, bytes):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _bytes_in(item)
