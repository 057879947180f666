"""Shows the progress of a stream of results."""

import sys
from collections.abc import Iterable, Iterator
from typing import Any


def progress(
    stream: Iterable[dict[str, Any]], total: int, unit: str, count_column: str = "rows"
) -> Iterator[dict[str, Any]]:
    """Yields the results and shows on stderr how many rows are done, the rate and the time left.

    ``count_column`` holds the number of rows that a result stands for. The rate counts from the first result,
    since processes start until then. The rows of the first result are shown as done before the stream.
    """
    from tqdm import tqdm

    is_terminal = sys.stderr.isatty()
    with tqdm(
        total=total,
        unit=f" {unit}",
        file=sys.stderr,
        mininterval=0.2 if is_terminal else 10,
        dynamic_ncols=is_terminal,
        smoothing=0.05,
    ) as bar:
        for number, row in enumerate(stream):
            yield row
            if number == 0:
                bar.initial = bar.n = bar.last_print_n = row[count_column]
                bar.unpause()
                bar.refresh()
            else:
                bar.update(row[count_column])
