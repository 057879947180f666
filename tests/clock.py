"""CPU time of functions, for comparing two of them regardless of the machine's speed and load."""

import time
from collections.abc import Callable


def cpu_time(work: Callable[[], object], tries: int = 7) -> float:
    """Returns the CPU seconds that ``work`` takes, the minimum over ``tries`` calls."""
    seconds = []
    for _ in range(tries):
        start = time.process_time()
        work()
        seconds.append(time.process_time() - start)
    return min(seconds)
