"""What is shown of long work."""

import re
import time
from collections.abc import Iterator

import pytest

from artsim import cluster


def test_the_rate_is_that_since_the_first_result(capsys: pytest.CaptureFixture[str]) -> None:
    """A start of a second before five results a twentieth of a second apart: 20 rows a second, and not 4."""

    def stream() -> Iterator[dict[str, int]]:
        time.sleep(1)
        for _ in range(5):
            yield {"rows": 1}
            time.sleep(0.05)

    assert sum(row["rows"] for row in cluster.progress(stream(), 6, "rows")) == 5
    shown = capsys.readouterr().err
    assert "5/6" in shown
    (rate,) = re.findall(r"([\d.]+) rows/s\]\s*$", shown)
    assert 8 < float(rate) < 25


def test_nothing_to_do_shows_nothing_wrong() -> None:
    assert list(cluster.progress([], 0, "rows")) == []
