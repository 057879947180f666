"""Parses JSON and validates its content, so that an error message names an edited or damaged file."""

import json
from collections.abc import Mapping
from typing import Any

from artsim.errors import UserError

Keys = Mapping[str, type | tuple[type, ...]]

_WORDS = {dict: "an object", list: "a list", str: "text", int: "an integer", float: "a number", bool: "true or false"}


def parse_json(text: bytes) -> Any:
    """Parses JSON text; NaN and Infinity, which some programs write for missing values, become None.

    Raises ``ValueError`` if the text is not JSON, or is nested too deep, which may be an attack.
    """
    try:
        return json.loads(text.removeprefix(b"\xef\xbb\xbf"), parse_constant=lambda _: None)
    except RecursionError as error:
        raise ValueError("nested too deep") from error


def check_record(content: Any, keys: Keys, where: str, remedy: str = "restore it from a copy") -> None:
    """Raises ``UserError`` unless ``content`` is an object with these keys and types; ``where`` names the file."""
    if not isinstance(content, dict):
        raise UserError(f"{where}: damaged, not a JSON object; {remedy}")
    for key, allowed in keys.items():
        kinds = allowed if isinstance(allowed, tuple) else (allowed,)
        if key not in content:
            raise UserError(f"{where}: damaged: {key} is missing; {remedy}")
        value = content[key]
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            words = " or ".join(_WORDS.get(kind, "null") for kind in kinds)
            raise UserError(f"{where}: damaged: {key} is {str(value)[:40]!r}, must be {words}; {remedy}")
