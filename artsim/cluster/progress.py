"""Shows how a stream of results gets on."""

import sys
from collections.abc import Iterable, Iterator
from typing import Any


def progress(
    stream: Iterable[dict[str, Any]], total: int, unit: str, counted: str = "rows"
) -> Iterator[dict[str, Any]]:
    """Passes results on and shows on stderr how many rows are done, the rate and the time left.

    ``counted`` is the column that says how many rows a result stands for.
    """
    from tqdm import tqdm

    live = sys.stderr.isatty()
    with tqdm(
        total=total,
        unit=f" {unit}",
        file=sys.stderr,
        mininterval=0.2 if live else 10,
        dynamic_ncols=live,
        smoothing=0.05,
    ) as bar:
        for row in stream:
            yield row
            bar.update(row[counted])
