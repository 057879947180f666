"""Calls a function for each partition: in this process for a few thousand artworks, on Ray for more."""

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from artsim import runtime
from artsim.archive import Archive

_IN_PROCESS = 20_000  # artworks that take less time than to start Ray

Key = tuple[int, str]  # shard and name of a partition


def map_partitions(
    archive: Archive, keys: Sequence[Key], function: Callable[[int, str], dict[str, Any]]
) -> Iterator[tuple[Key, dict[str, Any]]]:
    """Yields each partition of the catalog with the result of the function, as JSON stores it, as it completes."""
    catalog = archive.table("catalog")
    counts = {key: catalog.rows_in(*key) for key in keys}
    total = sum(counts.values())

    def process_partition(key: Key) -> dict[str, Any]:
        return {"shard": key[0], "part": key[1], "rows": counts[key], "result": json.dumps(function(*key))}

    if total <= _IN_PROCESS:
        stream: Iterator[dict[str, Any]] = map(process_partition, keys)
    else:
        runtime.connect(data=True)
        runtime.wait_for({"CPU": 1})
        tasks = [{"shard": shard, "part": part} for shard, part in keys]
        dataset = runtime.dataset_of(tasks, len(tasks)).map(
            lambda row: process_partition((int(row["shard"]), row["part"])), num_cpus=1
        )
        stream = runtime.rows_of(dataset)
    for row in runtime.progress(stream, total, "artworks"):
        yield (int(row["shard"]), str(row["part"])), json.loads(row["result"])
