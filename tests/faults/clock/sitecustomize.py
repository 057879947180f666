"""On PYTHONPATH, makes the clock of every process jump: one day ahead after 2 s, two days back after 5 s."""

import time

_begun, _time = time.monotonic(), time.time
_DAY = 86400.0


def _jump() -> float:
    age = time.monotonic() - _begun
    return 0.0 if age < 2 else _DAY if age < 5 else -_DAY


time.time = lambda: _time() + _jump()
