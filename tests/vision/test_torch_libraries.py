import subprocess
import sys

import torch

from artsim.vision.torch_libraries import timm

_LOADED = """
import sys
from artsim.vision.torch_libraries import timm, torchvision
assert not [name for name in sys.modules if name.startswith("torch._dynamo")], "the compiler was imported"
import gc, torch
assert gc.isenabled()
assert torch.compiler.disable(print) is not None
import torch._dynamo.utils
assert torch._dynamo.utils.__file__
"""


def test_libraries_are_imported_without_the_compiler():
    subprocess.run([sys.executable, "-c", _LOADED], check=True)


def test_functions_of_the_compiler_still_work():
    asked = sys.modules["torchvision.ops.roi_align"].is_compile_supported
    assert asked("cpu") == torch._dynamo.utils.is_compile_supported("cpu")
    assert not asked("meta")
    small = {"embed_dim": 64, "depth": 1, "num_heads": 2, "num_classes": 3}
    network = timm.create_model("naflexvit_base_patch16_gap", **small).eval()  # with methods that are never compiled
    assert network(torch.rand(1, 3, 64, 64)).shape == (1, 3)
