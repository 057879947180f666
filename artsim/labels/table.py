"""Heads and their predictions in ``labels/<name>``: ``_heads.safetensors``, ``_card.json``, and a table.

The card is written last: without it, the training is unfinished and is done again.
"""

import contextlib
from pathlib import Path
from typing import Any

import numpy as np

from artsim.archive import Archive, UserError
from artsim.archive.damaged_files import intact_tensors
from artsim.encoders.model import about_feature
from artsim.labels.heads import Head, Hidden, Level
from artsim.labels.tasks import Task
from artsim.space.features import Space
from artsim.space.reduction import pca_arrays, pca_from

FORMAT = 1
_ARRAYS = ("weight", "bias", "shift")
_HIDDEN = ("hidden.weight", "hidden.bias")
_NUMBERS = ("temperature", "threshold", "quantile", "strength")
_KEYS = {"format": int, "query": dict, "rows": str, "features": list, "inputs": list, "tasks": list}


def folder(name: str) -> str:
    """Returns the folder of heads in the archive."""
    return f"labels/{name}"


def read_card(archive: Archive, name: str) -> Any:
    """Returns the description of the heads; None if there are none, or their training is unfinished."""
    if name not in archive.names("labels"):
        return None
    card = archive.read_json(f"{folder(name)}/_card.json", _KEYS)
    if card is not None and card["format"] != FORMAT:
        raise UserError(f"{folder(name)}: heads of format {card['format']}, but this artsim reads format {FORMAT}")
    return card


def need_card(archive: Archive, name: str) -> Any:
    """Returns the description of the heads. Raises ``UserError`` if there are none."""
    if (card := read_card(archive, name)) is None:
        known = ", ".join(other for other in archive.names("labels") if read_card(archive, other)) or "none yet"
        raise UserError(f"`name` {name}: no trained heads of this name; the archive has {known}; run jobs.labels train")
    return card


def task_record(task: Task, head: Head, *, grouped: bool) -> dict[str, Any]:
    """Returns what the card says about a task."""
    return {
        "name": task.name,
        "labels": list(task.labels),
        "artworks": task.targets.sum(axis=0).tolist(),
        "left_out": task.left_out,
        "has_several": task.has_several,
        "parents": None if task.parents is None else task.parents.tolist(),
        "grouped": grouped,
        **{number: _finite(getattr(head, number)) for number in _NUMBERS},
    }


def write(archive: Archive, name: str, space: Space, heads: list[Head], card: dict[str, Any]) -> None:
    """Replaces heads, and removes the predictions of earlier ones."""
    from safetensors.numpy import save

    discard(archive, name)
    tensors = pca_arrays({f"pca.{index}": pca for index, pca in enumerate(space.pcas)})
    for index, head in enumerate(heads):
        tensors |= {f"{index}.{name}": getattr(head, name) for name in _ARRAYS}
        if head.hidden is not None:  # all heads share it
            tensors |= dict(zip(_HIDDEN, (head.hidden.weight, head.hidden.bias), strict=True))
    with archive.store.replace(f"{folder(name)}/_heads.safetensors") as draft:
        Path(draft).write_bytes(save({key: np.ascontiguousarray(value) for key, value in tensors.items()}))
    archive.write_json(f"{folder(name)}/_card.json", {"format": FORMAT, **card})


def discard(archive: Archive, name: str) -> None:
    """Removes heads and their predictions, first the card."""
    with contextlib.suppress(FileNotFoundError):
        archive.store.remove_file(f"{folder(name)}/_card.json")
    archive.remove(folder(name))


def load_heads(archive: Archive, name: str, card: Any) -> tuple[Space, list[Head]]:
    """Returns the space and the heads. Raises ``UserError`` if files are damaged or the features differ."""
    remedy = "run jobs.labels train with `again`"
    path = f"{folder(name)}/_heads.safetensors"
    tensors = {
        key: value.numpy() for key, value in intact_tensors(archive.store, path, of="heads", remedy=remedy).items()
    }
    pcas = [pca_from(tensors, f"pca.{index}") for index in range(len(card["features"]))]
    space = Space(archive, card["features"], pcas=pcas)
    for spec, about in zip(space.specs, card["inputs"], strict=True):
        if about_feature(archive, spec.name) != about:
            raise UserError(f"features/{spec.name}: labels/{name} was trained on different features; {remedy}")
    try:
        heads = list[Head]()
        for index, record in enumerate(card["tasks"]):
            heads.append(_head(tensors, index, record, heads[-1] if heads else None))
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(f"{folder(name)}: its _card.json and _heads.safetensors do not match; {remedy}") from error
    return space, heads


def _head(tensors: dict[str, np.ndarray], index: int, record: dict[str, Any], before: Head | None) -> Head:
    """Returns a head; ``before`` is the one of the task before, which is the type if the record has parents."""
    weight, bias, shift = (tensors[f"{index}.{name}"] for name in _ARRAYS)
    if not weight.shape[1:] == bias.shape == shift.shape == (len(record["labels"]),):
        raise KeyError(index)
    numbers = {number: np.inf if record[number] is None else float(record[number]) for number in _NUMBERS}
    hidden = Hidden(*(tensors[name] for name in _HIDDEN)) if set(_HIDDEN) <= set(tensors) else None
    level = None
    if record.get("parents") is not None:
        parents = np.array(record["parents"], np.int64)
        if before is None or parents.shape != bias.shape or not set(parents.tolist()) <= set(range(len(before.bias))):
            raise KeyError(index)
        level = Level(before, parents)
    return Head(weight, bias, shift, bool(record["has_several"]), **numbers, hidden=hidden, level=level)


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
