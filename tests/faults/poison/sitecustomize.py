"""On PYTHONPATH, makes Pillow abort the process on bytes that contain POISON, as a broken decoder would."""

import os
from typing import Any

from PIL import Image

_open = Image.open


def _crashing(source: Any, *arguments: Any, **named: Any) -> Any:
    if b"POISON" in source.getvalue():
        os.abort()
    return _open(source, *arguments, **named)


Image.open = _crashing
