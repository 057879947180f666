"""What evaluations, trainings and sweeps stored in an archive, checked and bounded for plots."""

import math
from collections.abc import Mapping
from typing import Any

from artsim.archive import Archive, UserError

_SCORES = ("before_seen", "after_seen", "before", "after", "gain", "against_first")
_MEASURES = ("held_out", "seen")
_MAX_BYTES = 8 << 20  # of a stored file; larger ones are refused
_TRIALS = 2_000  # of a sweep that are read, the first to finish
_CURVES = 300  # trials of a sweep, the best, whose curves are shown
_POINTS = 500  # of the curve of a trial
_EPOCHS = 10_000  # of a training that are shown
_MEANRANK = "meanrank"
_TEXT = 1_000  # characters of a label or note
_EVALUATION = "evaluation/evaluation.json"
_FILES = {"models": "card.json", "sweeps": "asked.json"}  # that say what a run is


def runs_of(archive: Archive) -> dict[str, Any]:
    """Returns which runs can be shown: whether there is an evaluation, the names of models and of sweeps."""
    return {
        "evaluation": has_evaluation(archive),
        **{kind: [name for name in archive.names(kind) if is_run(archive, kind, name)] for kind in _FILES},
    }


def has_evaluation(archive: Archive) -> bool:
    """Whether there is an evaluation."""
    return archive.store.exists(_EVALUATION)


def is_run(archive: Archive, kind: str, name: str) -> bool:
    """Whether a run can be shown; ``kind`` is ``models`` or ``sweeps``."""
    return name in archive.names(kind) and archive.store.exists(f"{kind}/{name}/{_FILES[kind]}")


def evaluation_of(archive: Archive) -> dict[str, Any]:
    """Returns the evaluation: tables with a list of rows each, and the figures on links.

    Raises ``UserError`` if there is none or its file is damaged.
    """
    content = _read(archive, _EVALUATION)
    tables = [{"kind": _text(content.get("kind")), "rows": _rows(content.get("table"))}]
    tables += [
        {"kind": _text(kind), "rows": _rows(rows)} for kind, rows in _mapping(content.get("further_tables")).items()
    ]
    links = _mapping(content.get("links"))
    return {
        "metric": _text(content.get("metric")),
        "annotators": _text(content.get("annotators")),
        "annotations": _numbers(_mapping(content.get("annotations"))),
        "tables": [table for table in tables if table["rows"]],
        "remarks": [_text(remark) for remark in _list(content.get("remarks"))],
        "links": {
            "counts": _numbers(links),
            "rows": [
                {"label": _text(row.get("label")), "note": _text(row.get("note"))}
                | {name: _scores(_mapping(row.get(name))) for name in _MEASURES if row.get(name)}
                for row in map(_mapping, _list(links.get("table")))
            ],
        },
    }


def training_of(archive: Archive, name: str) -> dict[str, Any]:
    """Returns the epochs of a model's training: loss and the validation measure with its interval.

    Raises ``UserError`` if its card is missing or damaged.
    """
    card = _read(archive, f"models/{name}/card.json")
    split = _mapping(card.get("split"))
    history = [_numbers(_mapping(epoch)) for epoch in _list(card.get("history"))[:_EPOCHS]]
    measures = {key for epoch in history for key in epoch} - {"epoch", "loss", "low", "high", "seconds"}
    return {
        "name": name,
        "kind": _text(card.get("kind")),
        "split": _text(split.get("kind")),
        "counts": _numbers(split),
        "best_epoch": _number(card.get("best_epoch")),
        "measure": _MEANRANK if _MEANRANK in measures else min(measures, default=None),
        "history": history,
    }


def sweep_of(archive: Archive, name: str) -> dict[str, Any]:
    """Returns the parameters of a sweep and its finished trials, the best first.

    ``score`` of a trial is its ``measure``: meanrank, or another of which more is better. ``curve`` has the score of
    every ``every``-th epoch from the first; only the best trials have one.
    ``values`` of a trial are in the order of ``parameters``; ``choices`` of a parameter are texts, and its values are
    then indices. A trial that can't be read is left out and counted. Raises ``UserError`` if the
    sweep's settings are missing or damaged.
    """
    from artsim.sweep.search_space import SHORT  # imports optuna

    folder = f"sweeps/{name}"
    asked = _read(archive, f"{folder}/asked.json")
    space, measure = _mapping(asked.get("space")), _text(asked.get("measure")) or _MEANRANK
    parameters = {key: _parameter(SHORT.get(key, key), _mapping(about)) for key, about in space.items()}
    names = archive.store.names(f"{folder}/trials")
    trials, damaged = list[dict[str, Any]](), 0
    for file in names[:_TRIALS]:
        try:
            trials.append(_trial(_read(archive, f"{folder}/trials/{file}"), parameters, measure))
        except UserError:
            damaged += 1
    sign = 1 if measure == _MEANRANK else -1
    trials.sort(key=lambda trial: (sign * trial["score"], trial["number"]))
    for trial in trials[_CURVES:]:
        trial["curve"] = []
    return {
        "name": name,
        "measure": measure,
        "higher_is_better": sign < 0,
        "parameters": list(parameters.values()),
        "trials": trials,
        "damaged": damaged,
        "left_out": max(len(names) - _TRIALS, 0),
    }


def _read(archive: Archive, path: str) -> dict[str, Any]:
    if (size := archive.store.size(path)) > _MAX_BYTES:
        raise UserError(f"{archive.store.address(path)}: {size:,} bytes, the limit is {_MAX_BYTES:,}; it is not shown")
    content = archive.read_json(path)
    if not isinstance(content, dict):
        raise UserError(f"{archive.store.address(path)}: this file is missing or is no JSON object")
    return content


def _parameter(name: str, about: Mapping[str, Any]) -> dict[str, Any]:
    choices = about.get("choices")
    if isinstance(choices, list):
        return {"name": _text(name), "choices": [_text(choice) for choice in choices]}
    return {"name": _text(name), "log": about.get("log") is True}


def _trial(content: Mapping[str, Any], parameters: Mapping[str, Mapping[str, Any]], measure: str) -> dict[str, Any]:
    """Raises ``UserError`` if the trial has no number or no score."""
    setting = _mapping(content.get("setting"))
    trial = {key: _number(content.get(key)) for key in ("number", "low", "high", "epochs", "best_epoch")}
    trial["score"] = _number(content.get(measure))
    if trial["number"] is None or trial["score"] is None:
        raise UserError("the trial has no number or no score")
    curve = _list(content.get("curve"))[:_EPOCHS]
    every = max(math.ceil(len(curve) / _POINTS), 1)
    return {
        **trial,
        "seconds": _number(content.get("seconds")),
        "values": [_value(setting.get(key), about) for key, about in parameters.items()],
        "curve": [_number(value) for value in curve[::every]],
        "every": every,
    }


def _value(value: Any, parameter: Mapping[str, Any]) -> float | None:
    if "choices" in parameter:
        return parameter["choices"].index(_text(value)) if _text(value) in parameter["choices"] else None
    return _number(value)


def _rows(rows: Any) -> list[dict[str, Any]]:
    return [
        {"label": _text(row.get("label")), "note": _text(row.get("note"))}
        | _scores({name: row[name] for name in _SCORES if name in row})
        for row in map(_mapping, _list(rows))
    ]


def _scores(scores: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """Scores that have a value: value, low, high, n and for differences p; numbers that are not finite are left out."""
    read = {_text(name): _numbers(_mapping(score)) for name, score in scores.items()}
    return {name: score for name, score in read.items() if "value" in score}


def _numbers(values: Mapping[str, Any]) -> dict[str, float]:
    read = {_text(key): _number(value) for key, value in values.items()}
    return {key: value for key, value in read.items() if value is not None}


def _number(value: Any) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return value if is_number and abs(value) < 1e300 and math.isfinite(value) else None


def _text(value: Any) -> str:
    return "" if value is None else str(value)[:_TEXT]


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
