"""timm and torchvision, imported in half the time: ``from artsim.vision.torch_libraries import timm``.

Both import torch's compiler, ``torch._dynamo``, on the way, though only detection networks and ``torch.compile`` need
it (torchvision 0.29: ``ops/roi_align.py``, timm 1.0: ``models/naflexvit.py``). That is 2 to 4 s of CPU in every process
that describes images. Here the compiler is imported when one of its functions is called.
"""

import contextlib
import gc
import sys
import types
from collections.abc import Iterator
from typing import Any

import torch


@contextlib.contextmanager
def _lazy_compiler() -> Iterator[None]:
    """Within this context, imports get functions of torch's compiler that import it when they are called."""
    if "torch._dynamo.utils" in sys.modules:
        yield
        return
    from torch._compile import _disable_dynamo  # ``torch.compiler.disable``, importing the compiler late

    stand_in = types.ModuleType("torch._dynamo.utils")
    stand_in.is_compile_supported = _is_compile_supported  # type: ignore[attr-defined]
    disable, sys.modules[stand_in.__name__] = torch.compiler.disable, stand_in
    torch.compiler.disable = lambda fn=None, recursive=True, **_: _disable_dynamo(fn, recursive)
    try:
        yield
    finally:
        torch.compiler.disable = disable
        if sys.modules.get(stand_in.__name__) is stand_in:
            del sys.modules[stand_in.__name__]


def _is_compile_supported(device_type: Any) -> Any:
    from torch._dynamo.utils import is_compile_supported

    return is_compile_supported(device_type)


@contextlib.contextmanager
def _without_collections() -> Iterator[None]:
    """Within this context, no garbage is collected: imported objects stay, and searching them takes a second."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


with _lazy_compiler(), _without_collections():
    import timm
    import torchvision

__all__ = ["timm", "torchvision"]
