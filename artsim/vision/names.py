"""The names of timm's, torchvision's and open_clip's networks, read from files because imports take seconds."""

import importlib.util
import json
import re
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any

_ENTRY = re.compile(r"^@register_model(?:\(\))?\n(?:[@ )].*\n)*def (\w+)", re.MULTILINE)
_TAGGED = re.compile(r"""['"](\w+\.\w+)['"]\s*:""")  # NAME.TAG of weights
_FORMER_NAMES = re.compile(r"register_model_deprecations\([^{]*\{(.*?)\}\)", re.DOTALL)  # former names of networks
_QUOTED = re.compile(r"""['"](\w+)['"]\s*:""")


def in_timm(name: str) -> bool:
    """Whether timm has a network of this name and, if the name has a tag, weights of this tag."""
    networks, former, tagged = _timm()
    bare, _, tag = name.partition(".")
    known = bare in networks or bare in former
    return known and (not tag or name in tagged or not _tags(bare))  # the tags of a few networks are not in the text


def in_torchvision(name: str) -> bool:
    """Whether torchvision has a network of this name."""
    return name in _torchvision()


def in_open_clip(name: str) -> bool:
    """Whether open_clip has an architecture of this name whose towers need no other library, and no text decoder."""
    return name in _open_clip()


def near(name: str, more: list[str]) -> list[str]:
    """Returns up to three names, from timm or ``more``, that are similar to ``name``."""
    return _near(name.lower(), _tags(name.partition(".")[0]) or sorted({*_timm()[0], *more}))


def near_in_torchvision(name: str) -> list[str]:
    """Returns up to three names of torchvision that are similar to ``name``."""
    return _near(name.lower(), sorted(_torchvision()))


def near_in_open_clip(name: str) -> list[str]:
    """Returns up to three architectures of open_clip that are similar to ``name``."""
    lower = {known.lower(): known for known in sorted(_open_clip())}
    return [lower[near] for near in _near(name.lower(), list(lower))]


def _near(name: str, known: list[str]) -> list[str]:
    longer = [candidate for candidate in known if candidate.startswith(name)] if len(name) > 2 else []
    return list(dict.fromkeys([*longer[:2], *get_close_matches(name, known, n=3, cutoff=0.6), *longer]))[:3]


def _tags(network: str) -> list[str]:
    return sorted(tagged for tagged in _timm()[2] if tagged.startswith(f"{network}."))


@cache
def _timm() -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    """Returns the networks, their former names, and names with the tag of their weights."""
    texts = _sources("timm")
    former = _found(_QUOTED, _found(_FORMER_NAMES, texts))
    return frozenset(_found(_ENTRY, texts)), frozenset(former), frozenset(_found(_TAGGED, texts))


@cache
def _torchvision() -> frozenset[str]:
    return frozenset(_found(_ENTRY, _sources("torchvision")))


@cache
def _open_clip() -> frozenset[str]:
    spec = importlib.util.find_spec("open_clip")
    assert spec is not None and spec.submodule_search_locations, "open_clip is not installed"
    configs = Path(spec.submodule_search_locations[0], "model_configs").glob("*.json")
    return frozenset(path.stem for path in configs if _is_plain(json.loads(path.read_text(encoding="utf-8"))))


def _is_plain(config: dict[str, Any]) -> bool:
    return "multimodal_cfg" not in config and "hf_model_name" not in config.get("text_cfg", {})


def _found(pattern: re.Pattern[str], texts: list[str]) -> list[str]:
    return [name for text in texts for name in pattern.findall(text)]


def _sources(package: str) -> list[str]:
    spec = importlib.util.find_spec(package)  # finds a package without importing it
    assert spec is not None and spec.submodule_search_locations, f"{package} is not installed"
    files = Path(spec.submodule_search_locations[0], "models").glob("*.py")
    return [text for file in files if "register_model" in (text := file.read_text(encoding="utf-8"))]
