"""On PYTHONPATH, makes every process's clock jump a day ahead when it is 2 s old, and two days back when it is 5 s."""

import time

_begun, _time = time.monotonic(), time.time
_DAY = 86400.0


def _jump() -> float:
    age = time.monotonic() - _begun
    return 0.0 if age < 2 else _DAY if age < 5 else -_DAY


time.time = lambda: _time() + _jump()
