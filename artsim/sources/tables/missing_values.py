"""Replaces the text that programs write for missing values (``NULL``, ``N/A``) with null."""

from typing import TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

Column: TypeAlias = pa.ChunkedArray | pa.Array

# Only a program writes these; "None", "nan" or "-" may be the title of an artwork.
_MACHINE = pa.array(
    ["NULL", "\\N", "NaN", "NaT", "<NA>", "#N/A", "#NULL!", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NUM!"]
)
_ANY = pa.array(["null", "none", "nil", "nan", "nat", "n/a", "n.a.", "na", "-", "--", "\u2013", "\u2014"])


def without_machine_made(values: Column) -> Column:
    """Return texts, null where they are a program's marker for a missing value."""
    return _null_where(pc.is_in(values, value_set=_MACHINE), values)


def without_no_value(values: Column) -> Column:
    """Return URLs or dates, null where the text is any marker for a missing value (``None``, ``-``)."""
    return _null_where(pc.is_in(pc.utf8_lower(values), value_set=_ANY), without_machine_made(values))


def _null_where(test: Column, values: Column) -> Column:
    return pc.if_else(test, pa.scalar(None, pa.string()), values)
