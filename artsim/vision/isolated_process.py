"""Isolates image decoding in a subprocess, so that a crash of the decoder does not end this process."""

import multiprocessing
import resource
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from artsim.vision.check import BadImage


class IsolatedProcess:
    """Calls functions in a subprocess, one at a time, so that it is known which call crashed.

    ``seconds`` and ``memory``, bytes, limit what a call may take; None for no limit.
    """

    def __init__(self, *, seconds: float | None = None, memory: int | None = None) -> None:
        self._process: ProcessPoolExecutor | None = None
        self._alone = threading.Lock()
        self._seconds, self._memory = seconds, memory

    def __call__(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Returns or raises what the function does. Raises ``BadImage`` if it crashed the subprocess or its limits."""
        with self._alone:
            if self._process is None:
                context = multiprocessing.get_context("spawn")
                self._process = ProcessPoolExecutor(1, context, _limit_memory, (self._memory,))
            try:
                return self._process.submit(_timed, self._seconds, function, *arguments).result()
            except BrokenProcessPool as error:
                self._process = None
                raise BadImage("corrupt", "the decoder crashed") from error
            except MemoryError as error:
                if self._memory is None:
                    raise
                raise BadImage("bomb", f"decoding needs more than {self._memory >> 20} MiB") from error


def _limit_memory(memory: int | None) -> None:
    if memory is not None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that uses this one
        resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))


def _timed(seconds: float | None, function: Callable[..., Any], *arguments: Any) -> Any:
    """Calls the function. A decoder may not return to Python, so the alarm ends the process."""
    if seconds is None:
        return function(*arguments)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        return function(*arguments)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
