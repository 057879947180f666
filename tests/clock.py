"""CPU time of a piece of work, for comparing two of them: neither the machine's speed nor its load matters to that."""

import time
from collections.abc import Callable


def cpu_time(work: Callable[[], object], tries: int = 7) -> float:
    """Seconds of CPU that the work takes, at best of some tries."""
    seconds = []
    for _ in range(tries):
        began = time.process_time()
        work()
        seconds.append(time.process_time() - began)
    return min(seconds)
