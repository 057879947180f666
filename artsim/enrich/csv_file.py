"""Reads small CSV files of researchers: in any encoding, with any delimiter, from any address."""

import io
import logging
from collections.abc import Iterator

import pyarrow as pa

from artsim.archive import UserError, read_file
from artsim.sources.tables.delimited import read_delimited

_log = logging.getLogger(__name__)


def read_csv(path: str, option: str) -> Iterator[pa.Table]:
    """Yields the rows of a delimited text with a header, all columns as text.

    Lines that are broken are left out with a warning. Raises ``UserError``, which names the option, if there is no
    such file, or it is no table.
    """
    try:
        content = read_file(path)
    except (OSError, ValueError) as error:
        raise UserError(f"`{option}` {path}: {getattr(error, 'strerror', None) or 'no such file'}") from error
    rejects = []
    try:
        for records in read_delimited(io.BytesIO(content), path):
            rejects += records.rejects
            yield records.table
    except UserError as error:
        raise UserError(str(error).replace("`location`", f"`{option}`")) from error
    if rejects:
        _log.warning(
            "%s: %d lines are left out; the first is line %s: %s",
            path,
            len(rejects),
            rejects[0].line,
            rejects[0].reason,
        )
