"""The results of a sweep: its trials as a table, a heat map, and the best setting as TOML for jobs.train."""

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from optuna.distributions import BaseDistribution, CategoricalDistribution

from artsim.archive import Archive
from artsim.learn.experiment import Experiment
from artsim.pictures.heatmap import Axis, heat_map
from artsim.sweep.search import Trial
from artsim.sweep.search_space import SHORT, Setting, Space
from artsim.vision.recommended import RECOMMENDED_SPECS

_FIRST = ("margin", "intra_margin")  # the preferred axes of a heat map, if they were searched


def with_option_names(setting: Setting) -> Setting:
    """Returns a setting with the names that ``space`` uses."""
    return {SHORT.get(name, name): value for name, value in setting.items()}


def write_results(
    archive: Archive,
    name: str,
    experiment: Experiment,
    space: Space,
    trials: Sequence[Trial],
    folds: str,
) -> dict[str, Any]:
    """Writes the results below ``sweeps/<name>``; returns the best setting, its scores, and the files' addresses."""
    folder, store = f"sweeps/{name}", archive.store
    succeeded = sorted((trial for trial in trials if "error" not in trial), key=lambda trial: trial["meanrank"])
    best = succeeded[0]
    columns = [SHORT.get(key, key) for key in space]
    rows = [_row(trial, experiment) for trial in succeeded]
    with store.replace(f"{folder}/trials.csv") as draft, Path(draft).open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    with store.replace(f"{folder}/trials.md") as draft:
        Path(draft).write_text(_markdown(name, folds, columns, rows), encoding="utf-8")
    with store.replace(f"{folder}/best.toml") as draft:
        Path(draft).write_text(_toml(name, experiment, best, f"{len(succeeded)} trials, {folds}"), encoding="utf-8")
    files = {"config": "best.toml", "table": "trials.md", "csv": "trials.csv"}
    if len(space) > 1:
        with store.replace(f"{folder}/heatmap.png") as draft:
            _picture(name, experiment, space, succeeded, folds).save(draft, "PNG")
        files["picture"] = "heatmap.png"
    score = {key: best[key] for key in ("meanrank", "low", "high")}
    return {
        "best": with_option_names(best["setting"]) | score,
        **{key: store.address(f"{folder}/{files[key]}") for key in files},
    }


def _row(trial: Trial, experiment: Experiment) -> dict[str, Any]:
    return {
        "trial": trial["number"],
        **with_option_names(trial["setting"]),
        **{name: round(trial[name], 4) for name in ("meanrank", "low", "high")},
        "best_epoch": trial["best_epoch"],
        "epochs": trial["epochs"],
        "stopped": not _ran_to_end(trial, experiment),
        "seconds": round(trial["seconds"], 2),
    }


def _ran_to_end(trial: Trial, experiment: Experiment) -> bool:
    """Returns whether a trial ended as a training does, rather than being stopped for a poor score."""
    recipe = experiment.recipe
    return trial["epochs"] >= recipe.epochs or trial["epochs"] - trial["best_epoch"] >= recipe.patience


def _markdown(name: str, folds: str, columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> str:
    lines = [
        f"# Sweep {name}",
        "",
        f"{len(rows)} trials, {folds}. Meanrank is cross-validated, with its 95% interval. The best setting was chosen",
        "by it, so its score is slightly optimistic; jobs.evaluate scores it on newer annotations.",
        "",
        f"| trial | {' | '.join(columns)} | meanrank | 95% interval | best epoch | epochs | seconds |",
        f"|---:|{'---:|' * (len(columns) + 5)}",
    ]
    for row in rows:
        values = [f"{row[column]:.4g}" if isinstance(row[column], float) else str(row[column]) for column in columns]
        epochs = f"{row['epochs']}{', stopped' * row['stopped']}"
        cells = [f"{row['meanrank']:.3f}", f"{row['low']:.3f} to {row['high']:.3f}", row["best_epoch"], epochs]
        lines.append(
            f"| {row['trial']} | {' | '.join(values)} | {' | '.join(map(str, cells))} | {row['seconds']:.1f} |"
        )
    return "\n".join([*lines, ""])


def _toml(name: str, experiment: Experiment, best: Trial, folds: str) -> str:
    """Returns every option of jobs.train that leads to this setting, with the full recipe."""
    # the recommended features are left out: jobs.train uses them by default
    explicit = {key: value for key, value in experiment.inputs.items() if value != list(RECOMMENDED_SPECS)}
    inputs = {key: value for key, value in explicit.items() if value is not None}
    data = {
        "annotator": experiment.annotators,
        "links": experiment.links,
        "split": experiment.split,
        "split-by": experiment.split_by,
        "seed": experiment.seed,
        "rights": "public" if experiment.public_only else "all",
    }
    recipe = asdict(replace(experiment.recipe, **best["setting"]))
    score = f"meanrank {best['meanrank']:.3f} [{best['low']:.3f}, {best['high']:.3f}]"
    lines = [f"# The best of {folds}: {score}, after epoch {best['best_epoch']}.", f"name = {json.dumps(name)}"]
    for key, value in (inputs | data | recipe).items():
        if value is not None:
            lines.append(f"{key.replace('_', '-')} = {json.dumps(value, ensure_ascii=False)}")
    return "\n".join([*lines, ""])


def _picture(name: str, experiment: Experiment, space: Space, trials: Sequence[Trial], folds: str) -> Any:
    x_name, y_name = sorted(space, key=lambda setting: (*_FIRST, *space).index(setting))[:2]
    ran_to_end = np.array([_ran_to_end(trial, experiment) for trial in trials])
    best = trials[0]
    within_interval = sum(trial["meanrank"] <= best["high"] for trial in trials)
    note = f"{within_interval} trials lie in it" if within_interval > 1 else "no other trial lies in it"
    if within_interval == len(trials):
        note = "all trials lie in it, so none is shown to be better"
    return heat_map(
        _axis(x_name, space[x_name], trials),
        _axis(y_name, space[y_name], trials),
        np.array([trial["meanrank"] for trial in trials]),
        ran_to_end,
        (best["low"], best["high"]),
        f"{name}: {len(trials)} trials",
        f"{folds}; small dots: stopped early, {int((~ran_to_end).sum())}; circled: the best, {best['meanrank']:.3f} "
        f"[{best['low']:.3f}, {best['high']:.3f}]\nred bar beside the scale: its 95% interval; {note}",
    )


def _axis(name: str, distribution: BaseDistribution, trials: Sequence[Trial]) -> Axis:
    choices = distribution.choices if isinstance(distribution, CategoricalDistribution) else ()
    label = {"margin": "m, margin", "intra_margin": "m2, intra-margin"}.get(name, name.replace("_", " "))
    values = [trial["setting"][name] for trial in trials]
    return Axis(label, values, bool(getattr(distribution, "log", False)), choices)
