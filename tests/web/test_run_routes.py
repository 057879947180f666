"""Evaluations, trainings and sweeps as the page plots them; hostile content of their files."""

import contextlib
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event, Semaphore
from typing import Any

import pytest
from starlette.testclient import TestClient

from artsim.archive import Archive
from artsim.web import runs
from artsim.web.turns import Turns
from tests.web.conftest import HOSTILE
from tests.web.made_runs import CARD, EVALUATION, TRIALS


def test_runs_are_listed(client: TestClient) -> None:
    assert client.get("/api/runs").json() == {"evaluation": True, "models": ["eye"], "sweeps": ["margins"]}


def test_an_evaluation_has_its_tables(client: TestClient) -> None:
    found = client.get("/api/runs/evaluation").json()
    assert [table["kind"] for table in found["tables"]] == ["new_images", "new_annotations"]
    assert found["tables"][0]["rows"] == EVALUATION["table"]
    assert found["tables"][1]["rows"] == EVALUATION["further_tables"]["new_annotations"]
    assert found["annotations"]["new_images"] == 12 and found["metric"] == "cosine"
    assert found["links"]["rows"] == EVALUATION["links"]["table"]
    assert found["links"]["counts"] == {"links": 8, "queries": 9}


def test_a_training_has_its_epochs(client: TestClient) -> None:
    found = client.get("/api/runs/models/eye").json()
    assert found["history"] == CARD["history"] and found["measure"] == "meanrank" and found["best_epoch"] == 3


def test_the_trials_of_a_sweep_are_ordered_by_meanrank(client: TestClient) -> None:
    found = client.get("/api/runs/sweeps/margins").json()
    assert found["parameters"] == [
        {"name": "m", "log": False},
        {"name": "m2", "log": False},
        {"name": "lr", "log": True},
        {"name": "swap", "choices": ["True", "False"]},
    ]
    wanted = sorted(TRIALS, key=lambda trial: trial["meanrank"])
    assert [trial["number"] for trial in found["trials"]] == [trial["number"] for trial in wanted]
    for trial, stored in zip(found["trials"], wanted, strict=True):
        setting = stored["setting"]
        numbers = [setting["margin"], setting["intra_margin"], setting["learning_rate"]]
        assert trial["values"] == [*numbers, [True, False].index(setting["swap"])]
        assert (trial["curve"], trial["low"]) == (stored["curve"], stored["low"])
    assert (found["damaged"], found["left_out"]) == (0, 0)


def test_a_server_of_public_works_has_no_runs(public: TestClient) -> None:
    assert public.get("/api/runs").json() == {"evaluation": False, "models": [], "sweeps": []}
    for path in ("evaluation", "models/eye", "sweeps/margins"):
        assert public.get(f"/api/runs/{path}").status_code == 404


@pytest.mark.parametrize("name", ["none", "%2e%2e%2fmodels%2feye", "%00", "a" * 5000, "_margins", "margins%2ftrials"])
def test_names_that_make_no_sense_are_refused(client: TestClient, name: str) -> None:
    for folder in ("models", "sweeps"):
        assert client.get(f"/api/runs/{folder}/{name}").status_code == 404


@pytest.fixture
def changed(shown: Archive) -> Any:
    """Replaces the text of files of the archive, which are restored afterwards."""
    before: dict[Path, bytes] = {}

    def replace(path: str, text: str) -> None:
        file = Path(shown.uri, path)
        before.setdefault(file, file.read_bytes())
        file.write_text(text, encoding="utf-8")

    yield replace
    for file, content in before.items():
        file.write_bytes(content)


def test_damaged_files_are_explained(client: TestClient, changed: Any) -> None:
    for path, url in (
        ("evaluation/evaluation.json", "evaluation"),
        ("models/eye/card.json", "models/eye"),
        ("sweeps/margins/asked.json", "sweeps/margins"),
    ):
        for text in ("{", "[1, 2]", "[" * 100_000):
            changed(path, text)
            answer = client.get(f"/api/runs/{url}")
            assert answer.status_code == 400 and path in answer.json()["error"], (path, text[:10])


def test_a_damaged_trial_is_left_out_and_counted(client: TestClient, changed: Any) -> None:
    for name, text in (("000001.json", "{"), ("000002.json", '{"number": 2, "meanrank": NaN}')):
        changed(f"sweeps/margins/trials/{name}", text)
    found = client.get("/api/runs/sweeps/margins").json()
    assert found["damaged"] == 2 and len(found["trials"]) == len(TRIALS) - 2


def test_content_of_other_kinds_does_no_harm(client: TestClient, changed: Any) -> None:
    odd: list[Any] = [
        None,
        True,
        "text",
        1e999,
        [1],
        {"value": "high"},
        {"value": 1, "low": None, "high": True},
        HOSTILE,
    ]
    for value in odd:
        row = {"label": value, "note": value, "after": value, "gain": {"value": value}}
        whole = dict.fromkeys(("annotators", "annotations", "remarks", "links", "further_tables", "metric"), value)
        changed("evaluation/evaluation.json", json.dumps({**whole, "table": [row, value]}))
        changed("models/eye/card.json", json.dumps({"history": [value, {"epoch": value}], "split": value}))
        changed("sweeps/margins/asked.json", json.dumps({"space": {"margin": value, "swap": {"choices": [value]}}}))
        for path in ("evaluation", "models/eye", "sweeps/margins"):
            answer = client.get(f"/api/runs/{path}")
            assert answer.status_code == 200, (value, path)
            assert "<script" not in answer.text and len(answer.content) < 200_000


def test_only_the_best_trials_have_a_curve_and_long_ones_are_thinned(client: TestClient, changed: Any) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runs, "_CURVES", 1)
        trial = {"number": 1, "meanrank": 0.5, "setting": {}, "curve": list(range(1, 1202))}
        changed("sweeps/margins/trials/000001.json", json.dumps(trial))
        best, *others = client.get("/api/runs/sweeps/margins").json()["trials"]
    assert (best["curve"], best["every"]) == (trial["curve"][::3], 3)
    assert others and not any(other["curve"] for other in others)


def test_large_files_and_many_requests_are_refused(client: TestClient, changed: Any) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runs, "_MAX_BYTES", 1000)
        changed("models/eye/card.json", json.dumps({"note": "x" * 1000}))
        answer = client.get("/api/runs/models/eye")
        assert answer.status_code == 400 and "the limit is 1,000" in answer.json()["error"]
    inside, go = Semaphore(0), Event()

    def wait(*_: Any) -> dict[str, Any]:
        inside.release()
        go.wait(20)
        return {}

    with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(4) as pool:
        patch.setattr(Turns, "turn", lambda self: contextlib.nullcontext())
        patch.setattr(runs, "sweep_of", wait)
        waiting = [pool.submit(client.get, "/api/runs/sweeps/margins") for _ in range(4)]
        assert all(inside.acquire(timeout=20) for _ in waiting)
        assert client.get("/api/runs/sweeps/margins").status_code == 503
        go.set()
        assert [answer.result().status_code for answer in waiting] == [200] * 4
