"""Progress bars of long tasks."""

import logging
import re
import sys
from collections.abc import Iterator

import pytest

from artsim import runtime
from artsim.cli import _Lines


def test_the_rate_counts_from_the_first_result(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A startup of one second, then five results 0.05 s apart: 16 rows per second, not 4."""
    now = [1000.0]
    monkeypatch.setattr("tqdm.std.time", lambda: now[0])

    def stream() -> Iterator[dict[str, int]]:
        now[0] += 1
        for _ in range(5):
            yield {"rows": 1}
            now[0] += 0.05

    assert sum(row["rows"] for row in runtime.progress(stream(), 6, "rows")) == 5
    shown = capsys.readouterr().err
    assert "5/6" in shown
    (rate,) = re.findall(r"([\d.]+) rows/s\]\s*$", shown)
    assert float(rate) == pytest.approx(4 / 0.25)  # four results in the 0.25 s after the first


def test_an_empty_stream_shows_no_rate() -> None:
    assert list(runtime.progress([], 0, "rows")) == []


def test_log_lines_do_not_break_the_progress_bar(capsys: pytest.CaptureFixture[str]) -> None:
    handler, record = _Lines(sys.stderr), logging.makeLogRecord({"msg": "a worker was lost"})
    handler.emit(record)
    for _ in runtime.progress([{"rows": 1}, {"rows": 1}], 2, "rows"):
        handler.emit(record)
    shown = capsys.readouterr().err
    assert len(re.findall(r"(?:^|[\r\n])a worker was lost\n", shown)) == 3
    assert "2/2" in shown
