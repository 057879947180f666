"""Image bytes in a process of their own: for those over which a decoder may crash, and everything that is with it."""

import multiprocessing
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from artsim.vision.check import BadImage


class Apart:
    """Calls functions in another process, one at a time, so that it is known over which of them it crashed."""

    def __init__(self) -> None:
        self._process: ProcessPoolExecutor | None = None
        self._alone = threading.Lock()

    def __call__(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """What the function returns or raises; BadImage if it took its process down."""
        with self._alone:
            if self._process is None:
                self._process = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"))
            try:
                return self._process.submit(function, *arguments).result()
            except BrokenProcessPool as error:
                self._process = None
                raise BadImage("corrupt", "the decoder crashed over it") from error
