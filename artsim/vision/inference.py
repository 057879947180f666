"""Runs a network on the available hardware, with the fastest settings that keep its vectors accurate."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from artsim.vision.backbones import Feature
from artsim.vision.batch_norm_folding import fold_batch_norms
from artsim.vision.network import Descriptor

_CACHED = 8 * 224 * 224  # pixels per pass that fit in a CPU's cache; with 32 images, each takes 1.5 times as long
_ON_A_GPU = 128  # images per pass, at first
_TYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


class Engine:
    """A descriptor ready to run: batch norms folded, channels_last, with autocast on a GPU or a CPU's best type.

    ``precision`` is a type's name or ``auto``: bfloat16 if the hardware supports it, else float16 on a GPU and float32
    on a CPU. ``device`` is cuda or cpu; None takes a GPU if there is one.
    """

    def __init__(
        self,
        network: str,
        features: Sequence[Feature],
        state: dict[str, Any],
        precision: str,
        device: str | None = None,
    ) -> None:
        self.device = device or ("cuda" if torch.cuda.is_available() else "cpu")
        self.type = _TYPES[_best(self.device) if precision == "auto" else precision]
        descriptor = Descriptor(network, features, state).eval()
        size = descriptor.input.size
        fold_batch_norms(descriptor, torch.zeros(1, size, size, 3, dtype=torch.uint8))
        descriptor.model.to(memory_format=torch.channels_last)
        if self.device == "cpu":
            descriptor.model.to(self.type)  # on the CPU autocast would only add casts
        self.descriptor = descriptor.to(self.device)
        self._micro_batch = max(_CACHED // (size * size), 1) if self.device == "cpu" else _ON_A_GPU

    @torch.inference_mode()
    def __call__(self, pixels: np.ndarray) -> list[np.ndarray]:
        """Maps uint8 pixels of shape (n, size, size, 3) to float32 vectors (n, d), one array for each feature.

        If the device runs out of memory, halves the micro-batch size, also for later calls.
        """
        images = torch.from_numpy(pixels)
        while True:
            try:
                passes = [self._pass(batch) for batch in images.split(self._micro_batch)]
                return [torch.cat(vectors).float().numpy() for vectors in zip(*passes, strict=True)]
            except torch.OutOfMemoryError:
                if self._micro_batch == 1:
                    raise
            self._micro_batch = max(min(self._micro_batch, len(images)) // 2, 1)
            torch.cuda.empty_cache()

    def _pass(self, images: torch.Tensor) -> tuple[torch.Tensor, ...]:
        if self.device == "cpu":
            return self.descriptor(images)
        with torch.autocast("cuda", self.type, enabled=self.type != torch.float32):
            vectors = self.descriptor(images.pin_memory().to("cuda", non_blocking=True))
        return tuple(vector.cpu() for vector in vectors)


def _best(device: str) -> str:
    if device == "cuda":
        return "bfloat16" if torch.cuda.is_bf16_supported() else "float16"
    return (
        "bfloat16"
        if torch.backends.mkldnn.is_available() and torch.ops.mkldnn._is_mkldnn_bf16_supported()
        else "float32"
    )
