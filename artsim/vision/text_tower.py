"""The text tower of an image-text network: maps texts to the space of its image vectors."""

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from artsim.errors import UserError
from artsim.vision import hub, image_text
from artsim.vision.image_text import MAX_LENGTH

_TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json")
_REMEMBERED = 10_000  # words whose tokens the tokenizer keeps


class TextTower:
    """Maps texts to vectors, in float32. It holds the text tower alone, on a GPU if there is one."""

    def __init__(self, network: str, model: Any, *, download: bool = True) -> None:
        """``model`` is both towers, as from ``image_text.create``; it loses its image tower.

        Raises ``UserError`` if the tokenizer isn't available; it is only downloaded if ``download``.
        """
        self._tokenizer = _tokenizer(network, download=download)
        self._device = "cuda" if torch.cuda.is_available() else "cpu"
        del model.visual
        self._model = model.eval().to(self._device)

    @torch.inference_mode()
    def __call__(self, texts: Sequence[str]) -> np.ndarray:
        """Returns a vector of length 1 for each text, float32 of shape (n, d).

        A text that is longer than the network's context is cut. Raises ``UserError`` for a text that is empty or
        longer than ``MAX_LENGTH``.
        """
        tokens = self._tokenizer([cleaned(text) for text in texts]).to(self._device)
        self._forget()
        return self._model.encode_text(tokens, normalize=True).float().cpu().numpy()

    def _forget(self) -> None:
        """Keeps the tokenizer's cache of words small: texts come from anyone."""
        words = getattr(self._tokenizer, "cache", {})
        for word in list(words)[: max(len(words) - _REMEMBERED, 0)]:
            if words[word] != word:  # it is no special token
                del words[word]


def cleaned(text: str) -> str:
    """Returns a text on one line without characters that can't be encoded.

    Raises ``UserError`` if it is empty or longer than ``MAX_LENGTH``.
    """
    text = " ".join(text.encode("utf-8", "replace").decode().replace("\0", " ").split())
    if not text:
        raise UserError("`text`: empty; describe what the artworks should show")
    if len(text) > MAX_LENGTH:
        raise UserError(f"`text` {text[:40]} ...: {len(text)} characters, the limit is {MAX_LENGTH}")
    return text


def _tokenizer(network: str, *, download: bool) -> Any:
    """Returns the network's tokenizer: that of CLIP comes with open_clip, others with transformers and from the hub."""
    import open_clip

    architecture, _ = image_text.split(network)
    name = open_clip.get_model_config(architecture)["text_cfg"].get("hf_tokenizer_name")
    if name and not importlib.util.find_spec("transformers"):
        raise UserError(f"`text`: the tokenizer of {network} needs a package; run pip install 'artsim[siglip]'")
    if name and not download and not Path(name).is_dir() and not hub.cached(name, _TOKENIZER_FILES):
        raise _without_tokenizer(network, name, "it is not on this machine, and nothing is downloaded here")
    if name and not Path(name).is_dir() and (reason := hub.missing(name.rpartition("/")[2], torchvision=False)):
        raise _without_tokenizer(network, name, reason)
    try:
        with image_text.quiet():
            return open_clip.get_tokenizer(architecture)
    except Exception as error:  # transformers raises many kinds
        raise _without_tokenizer(network, name, str(error).strip().partition("\n")[0][:200]) from error


def _without_tokenizer(network: str, name: str, reason: str) -> UserError:
    return UserError(
        f"`text`: the tokenizer of {network}, {name}, is not available ({reason}); run once on a machine with network "
        "access, or copy the hub's cache from one"
    )
