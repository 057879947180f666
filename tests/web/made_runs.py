"""Files of an evaluation, a training and a sweep, as the jobs write them."""

from typing import Any

from artsim.archive import Archive


def _score(value: float, **more: float) -> dict[str, float]:
    return {"value": value, "n": 12, "low": round(value - 0.2, 3), "high": round(value + 0.3, 3), **more}


EVALUATION: dict[str, Any] = {
    "metric": "cosine",
    "annotators": "curator",
    "annotations": {"annotations": 20, "new_images": 12, "new_annotations": 20},
    "kind": "new_images",
    "table": [
        {"label": "efficientnet_lite0", "note": "untrained", "before": _score(2.9)},
        {
            "label": "eye",
            "note": "cross-validated, 5 folds",
            "before": _score(3.1),
            "after": _score(1.4),
            "gain": _score(1.7, p=0.0005),
            "against_first": _score(1.5, p=0.02),
        },
    ],
    "further_tables": {"new_annotations": [{"label": "eye", "note": "", "after": _score(1.2)}]},
    "remarks": ["A remark."],
    "links": {
        "links": 8,
        "queries": 9,
        "table": [{"label": "eye", "note": "", "held_out": {"mAP": _score(0.5), "recall@20": _score(0.7)}}],
    },
}
CARD: dict[str, Any] = {
    "kind": "head",
    "split": {"kind": "folds", "annotations": 20},
    "best_epoch": 3,
    "history": [
        {"epoch": epoch, "loss": 1 / epoch, "meanrank": 1 + 1 / epoch, "low": 1.0, "high": 1.2 + 1 / epoch}
        for epoch in range(1, 7)
    ],
}
SPACE = {
    "margin": {"low": 0.0, "high": 1.0, "log": False, "step": None},
    "intra_margin": {"low": 0.0, "high": 1.0, "log": False, "step": None},
    "learning_rate": {"low": 1e-5, "high": 1e-2, "log": True, "step": None},
    "swap": {"choices": [True, False]},
}
TRIALS: list[dict[str, Any]] = [
    {
        "number": number,
        "setting": {
            "margin": round(number * 0.37 % 1, 2),
            "intra_margin": round(number * 0.61 % 1, 2),
            "learning_rate": 10 ** -(2 + number % 4),
            "swap": number % 3 == 0,
        },
        "meanrank": round(1.1 + (number * 0.43 % 1), 3),
        "low": 1.0,
        "high": round(1.3 + (number * 0.43 % 1), 3),
        "best_epoch": 2,
        "epochs": 3,
        "seconds": 1.5,
        "curve": [3.0, round(1.1 + (number * 0.43 % 1), 3), 2.5],
    }
    for number in range(1, 21)
]


def add_runs(archive: Archive) -> None:
    """Writes an evaluation, the card of a model and a sweep with its trials."""
    archive.write_json("evaluation/evaluation.json", EVALUATION)
    archive.write_json("models/eye/card.json", CARD)
    archive.write_json("sweeps/margins/asked.json", {"space": SPACE})
    for trial in TRIALS:
        archive.write_json(f"sweeps/margins/trials/{trial['number']:06d}.json", trial)
