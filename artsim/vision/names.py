"""The names of timm's and torchvision's networks, read from source text because imports take seconds."""

import importlib.util
import re
from difflib import get_close_matches
from functools import cache
from pathlib import Path

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


def near(name: str, more: list[str]) -> list[str]:
    """Returns up to three names, from timm or ``more``, that are similar to ``name``."""
    return _near(name.lower(), _tags(name.partition(".")[0]) or sorted({*_timm()[0], *more}))


def near_in_torchvision(name: str) -> list[str]:
    """Returns up to three names of torchvision that are similar to ``name``."""
    return _near(name.lower(), sorted(_torchvision()))


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


def _found(pattern: re.Pattern[str], texts: list[str]) -> list[str]:
    return [name for text in texts for name in pattern.findall(text)]


def _sources(package: str) -> list[str]:
    spec = importlib.util.find_spec(package)  # finds a package without importing it
    assert spec is not None and spec.submodule_search_locations, f"{package} is not installed"
    files = Path(spec.submodule_search_locations[0], "models").glob("*.py")
    return [text for file in files if "register_model" in (text := file.read_text(encoding="utf-8"))]
