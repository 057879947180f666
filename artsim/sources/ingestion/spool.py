"""Keeps incoming rows on the local disk until each shard can be written to the archive as a whole."""

import tempfile
from collections import defaultdict

import numpy as np
import pyarrow as pa

from artsim.archive import Archive
from artsim.sources.records import ROWS


class Spool:
    """A temporary file that takes rows as they are read and returns them by shard, in the order in which they came.

    The file is unlinked when it is opened, so nothing stays behind if the process is killed.
    """

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._file = tempfile.TemporaryFile()  # noqa: SIM115  it lives until the spool is dropped
        options = pa.ipc.IpcWriteOptions(compression="lz4")
        self._writer = pa.ipc.new_file(pa.PythonFile(self._file, "w"), ROWS, options=options)
        self._batches: dict[int, list[int]] = defaultdict(list)
        self._written = 0
        self._ended = False
        self.rows = 0
        self.empty = set(ROWS.names)  # columns in which no row has a value

    def add(self, rows: pa.Table) -> None:
        """Add rows with the columns ``ROWS`` and full ids."""
        if not len(rows):
            return
        shards = self._archive.shard_of(rows["id"])
        order = np.argsort(shards, kind="stable")
        batch = rows.take(pa.array(order)).combine_chunks().to_batches()[0]
        numbers, starts = np.unique(shards[order], return_index=True)
        for shard, start, stop in zip(numbers, starts, [*starts[1:], len(order)], strict=True):
            self._writer.write_batch(batch.slice(start, stop - start))
            self._batches[int(shard)].append(self._written)
            self._written += 1
        self.rows += len(rows)
        self.empty = {name for name in self.empty if rows[name].null_count == len(rows)}

    def shards(self) -> list[int]:
        """Return the shards that have rows, in order; no rows can be added afterwards."""
        if not self._ended:
            self._writer.close()
            self._file.seek(0)
            self._ended = True
        return sorted(self._batches)

    def read(self, shard: int) -> pa.Table:
        """Return all rows of a shard."""
        reader = pa.ipc.open_file(pa.PythonFile(self._file, "r"))
        return pa.Table.from_batches([reader.get_batch(number) for number in self._batches[shard]], ROWS)
