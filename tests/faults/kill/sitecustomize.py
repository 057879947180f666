"""On PYTHONPATH, kills the process with SIGKILL as it completes a file: the one number ``KILL_AT`` below ``KILL_IN``.

The file is then half written, under the name of its draft.
"""

import os
import signal
from pathlib import Path
from typing import Any

_replace, _count = Path.replace, 0


def _killing(self: Path, target: Any) -> Path:
    global _count
    if os.environ["KILL_IN"] in str(target):
        _count += 1
        if _count == int(os.environ["KILL_AT"]):
            os.truncate(self, self.stat().st_size // 2)
            os.kill(os.getpid(), signal.SIGKILL)
    return _replace(self, target)


Path.replace = _killing  # type: ignore[method-assign]
