"""Shows how a stream of results gets on."""

import sys
from collections.abc import Iterable, Iterator
from typing import Any


def progress(
    stream: Iterable[dict[str, Any]], total: int, unit: str, counted: str = "rows"
) -> Iterator[dict[str, Any]]:
    """Passes results on and shows on stderr how many rows are done, the rate and the time left.

    ``counted`` is the column that says how many rows a result stands for. The rate is that since the first result:
    until then processes were starting. A first result of what was done before the stream began is shown as such.
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
        for number, row in enumerate(stream):
            yield row
            if number == 0:
                bar.initial = bar.n = bar.last_print_n = row[counted]
                bar.unpause()
                bar.refresh()
            else:
                bar.update(row[counted])
