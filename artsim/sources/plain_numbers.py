"""Numbers as people write them: whole ones without a fraction, none where a program says that there is none."""

import math

import pyarrow as pa
import pyarrow.compute as pc

_NO_VALUE = pa.array(["nan", "NaN", "NaT", "<NA>"])  # what programs write as text for a missing number or time
_EXACT = 2.0**53  # from here on floats are not all the whole numbers


def plain_number(value: float) -> int | float | None:
    """A whole number as an int, since a column with gaps holds years and ids as floats; None for NaN and infinity."""
    if not math.isfinite(value):
        return None
    return int(value) if value.is_integer() and abs(value) < _EXACT else value


def text_of_numbers(column: pa.ChunkedArray) -> pa.ChunkedArray | pa.Array:
    """A column of floats as text, null for NaN and infinity."""
    return pc.if_else(pc.is_finite(column), column.cast(pa.string()), pa.scalar(None, pa.string()))


def without_nan(texts: pa.ChunkedArray | pa.Array) -> pa.ChunkedArray | pa.Array:
    """Texts, null where a program wrote a missing number as text."""
    return pc.if_else(pc.is_in(texts, value_set=_NO_VALUE), pa.scalar(None, pa.string()), texts)
