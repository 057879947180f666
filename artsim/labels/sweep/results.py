"""The results of a sweep over heads: its trials as a table, and the best setting as TOML for jobs.labels."""

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from artsim.archive import Archive
from artsim.labels.options import LabelsOptions
from artsim.labels.settings import settings_of
from artsim.labels.sweep.space import with_setting
from artsim.space.features import Space
from artsim.sweep.search import Trial
from artsim.sweep.search_space import Space as SearchSpace

MEASURE = "top1"
_SCORES = (MEASURE, "low", "high")


def write_results(
    archive: Archive, name: str, base: LabelsOptions, features: Space, space: SearchSpace, trials: Sequence[Trial]
) -> dict[str, Any]:
    """Writes the results below ``sweeps/<name>``; returns the best setting and the files' addresses."""
    folder, store = f"sweeps/{name}", archive.store
    ordered = sorted(trials, key=lambda trial: (-trial["top1"], trial["number"]))
    best = ordered[0]
    rows = [_row(trial) for trial in ordered]
    with store.replace(f"{folder}/trials.csv") as draft, Path(draft).open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    about = f"{len(rows)} trials; top-1 accuracy cross-validated by {base.group_by} on {', '.join(base.columns or ())}"
    with store.replace(f"{folder}/trials.md") as draft:
        Path(draft).write_text(_markdown(name, about, list(space), rows), encoding="utf-8")
    chosen = {**settings_of(with_setting(base, best["setting"])), "features": [_text(spec) for spec in features.specs]}
    with store.replace(f"{folder}/best.toml") as draft:
        Path(draft).write_text(_toml(name, f"The best of {about}: {_score(best)}.", chosen), encoding="utf-8")
    return {
        "best": best["setting"] | {key: best[key] for key in _SCORES},
        "config": store.address(f"{folder}/best.toml"),
        "table": store.address(f"{folder}/trials.md"),
        "csv": store.address(f"{folder}/trials.csv"),
    }


def _text(spec: Any) -> str:
    return spec.name if spec.pca is None else f"{spec.name}:{spec.pca}"


def _row(trial: Trial) -> dict[str, Any]:
    scores = {name: round(trial[name], 4) for name in _SCORES}
    return {"trial": trial["number"], **trial["setting"], **scores, "seconds": round(trial["seconds"], 2)}


def _score(trial: Mapping[str, Any]) -> str:
    return f"top-1 {trial['top1']:.3f} [{trial['low']:.3f}, {trial['high']:.3f}]"


def _markdown(name: str, about: str, columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> str:
    lines = [
        f"# Sweep {name}",
        "",
        f"{about}, with its 95% interval. The best setting was chosen by it, so its score is slightly optimistic.",
        "",
        f"| trial | {' | '.join(columns)} | top-1 | 95% interval | seconds |",
        f"|---:|{'---:|' * (len(columns) + 3)}",
    ]
    for row in rows:
        values = [f"{row[column]:.4g}" if isinstance(row[column], float) else str(row[column]) for column in columns]
        scores = f"{row['top1']:.3f} | {row['low']:.3f} to {row['high']:.3f}"
        lines.append(f"| {row['trial']} | {' | '.join(values)} | {scores} | {row['seconds']:.1f} |")
    return "\n".join([*lines, ""])


def _toml(name: str, about: str, chosen: Mapping[str, Any]) -> str:
    """Returns every option of jobs.labels train that leads to this setting."""
    lines = [f"# {about}", f"name = {json.dumps(name)}"]
    for key, value in chosen.items():
        if value is not None:
            lines.append(f"{key.replace('_', '-')} = {json.dumps(value, ensure_ascii=False)}")
    return "\n".join([*lines, ""])
