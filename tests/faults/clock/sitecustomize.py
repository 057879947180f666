"""On PYTHONPATH, makes the clock of every process jump: one day ahead after 2 s, two days back after 5 s."""

import copyreg
import time
from collections.abc import Callable
from typing import Any

_begun, _time = time.monotonic(), time.time
_DAY = 86400.0


def _jump() -> float:
    age = time.monotonic() - _begun
    return 0.0 if age < 2 else _DAY if age < 5 else -_DAY


time.time = lambda: _time() + _jump()


def _real_time() -> Callable[[], float]:
    return _time


def _reduced(function: Any) -> Any:
    """Lets Ray pickle its references to the real ``time.time``."""
    return (_real_time, ()) if function is _time else function.__reduce__()


copyreg.pickle(type(_time), _reduced)
