"""Isolates image decoding in a subprocess, so that a crash of the decoder does not end this process."""

import multiprocessing
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from artsim.vision.check import BadImage


class IsolatedProcess:
    """Calls functions in a subprocess, one at a time, so that it is known which call crashed."""

    def __init__(self) -> None:
        self._process: ProcessPoolExecutor | None = None
        self._alone = threading.Lock()

    def __call__(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Returns or raises what the function does. Raises ``BadImage`` if the subprocess crashed."""
        with self._alone:
            if self._process is None:
                self._process = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"))
            try:
                return self._process.submit(function, *arguments).result()
            except BrokenProcessPool as error:
                self._process = None
                raise BadImage("corrupt", "the decoder crashed") from error
