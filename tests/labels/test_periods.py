import math

import numpy as np
import pytest

from artsim.labels.options import DATE_EDGES
from artsim.labels.periods import period_names, periods


@pytest.mark.parametrize(
    ("first", "last", "period"),
    [
        (1349, 1349, "before 1350"),
        (-206, -150, "before 1350"),
        (1350, 1350, "1350-1449"),
        (1449, 1450, "1350-1449"),
        (1449, 1452, "1450-1549"),
        (1600, math.nan, "1550-1649"),
        (math.nan, 1999, "1950-1999"),
        (2000, 2000, "2000 and after"),
        (1700, 1800, "1750-1849"),
        (1700, 1801, None),
        (math.nan, math.nan, None),
    ],
)
def test_the_period_of_a_date(first: float, last: float, period: str | None) -> None:
    assert periods(np.array([first]), np.array([last]), DATE_EDGES) == [period]


def test_the_names_of_the_periods() -> None:
    assert period_names((1500,)) == ["before 1500", "1500 and after"]
    assert period_names(DATE_EDGES)[-2:] == ["1950-1999", "2000 and after"]
