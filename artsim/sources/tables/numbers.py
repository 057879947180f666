"""Converts numbers to the form that people write: whole floats become integers, NaN becomes null."""

import math

import pyarrow as pa
import pyarrow.compute as pc

_NO_VALUE = pa.array(["nan", "NaN", "NaT", "<NA>"])  # what programs write as text for a missing number or time
_EXACT = 2.0**53  # larger floats do not represent every integer


def plain_number(value: float) -> int | float | None:
    """Return a whole float as an int; None for NaN and infinity.

    Columns with gaps hold years and ids as floats.
    """
    if not math.isfinite(value):
        return None
    return int(value) if value.is_integer() and abs(value) < _EXACT else value


def text_of_numbers(column: pa.ChunkedArray) -> pa.ChunkedArray | pa.Array:
    """Return a column of floats as text, null for NaN and infinity."""
    return pc.if_else(pc.is_finite(column), column.cast(pa.string()), pa.scalar(None, pa.string()))


def without_nan(texts: pa.ChunkedArray | pa.Array) -> pa.ChunkedArray | pa.Array:
    """Return texts, null where they are a program's marker for a missing number or time."""
    return pc.if_else(pc.is_in(texts, value_set=_NO_VALUE), pa.scalar(None, pa.string()), texts)
