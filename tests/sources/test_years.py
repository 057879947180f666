"""Dates as museums write them."""

import time

import pytest

from artsim.sources.years import years


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("1598", 1598, 1598),
        ("1601-1650", 1601, 1650),
        ("1601–1650", 1601, 1650),
        ("c. 1510", 1510, 1510),
        ("c.1510–c.1515", 1510, 1515),
        ("ca. 1475-80", 1475, 1480),
        ("1625-9", 1625, 1629),
        ("1849-50.", 1849, 1850),
        ("1663/64", 1663, 1664),
        ("1550s", 1550, 1559),
        ("late 1550s", 1556, 1559),
        ("1910s–20s", 1910, 1929),
        ("1700s", 1700, 1799),
        ("after 1600", 1600, None),
        ("before 1500", None, 1500),
        ("1510 or later", 1510, None),
        ("between 1510 and 1520", 1510, 1520),
        ("not before 1510, not after 1520", 1510, 1520),
        ("16th century", 1501, 1600),
        ("early 16th century", 1501, 1533),
        ("mid-16th century", 1534, 1566),
        ("late 17th century", 1667, 1700),
        ("second half of the 16th century", 1551, 1600),
        ("last quarter 18th century", 1776, 1800),
        ("15th–16th century", 1401, 1600),
        ("late 15th–early 16th century", 1467, 1533),
        ("XVI secolo", 1501, 1600),
        ("XVIe siècle", 1501, 1600),
        ("16. Jahrhundert", 1501, 1600),
        ("18. århundrede", 1701, 1800),
        ("19th c.", 1801, 1900),
        ("500-400 BC", -500, -400),
        ("3rd century BC", -300, -201),
        ("206 BC–AD 220", -206, 220),
        ("44 BC", -44, -44),
        ("AD 79", 79, 79),
        ("Edo period (1615–1868)", 1615, 1868),
        ("A.H. 1021 / A.D. 1612", 1612, 1612),
        ("1882-04-12", 1882, 1882),
        ("1882-04", 1882, 1882),
        ("12 April 1882", 1882, 1882),
        ("1479-11-29T00:00:00.000Z", 1479, 1479),
        ("1889.0", 1889, 1889),
        ("825", 825, 825),
        ("-500", -500, -500),
        ("exhibited 1782", 1782, 1782),
        ("Gent : Annoot-Braeckman, [1878].", 1878, 1878),
    ],
)
def test_what_it_understands(text: str, first: int | None, last: int | None) -> None:
    assert years(text) == (first, last)


@pytest.mark.parametrize(
    "text",
    [
        "",
        None,
        "n.d.",
        "date not known",
        "9–80",
        "976)",
        "002–",
        "No. 305",
        "12.345",
        "1,500",
        "9999",
        "Vol. XVI",
        "5th millennium BC",
    ],
)
def test_what_says_nothing_gives_nothing(text: str | None) -> None:
    assert years(text) == (None, None)


@pytest.mark.parametrize(
    "text", ["(1)" * 400 + "305 x", "[" * 5000, "cabc " * 900 + "305!", "circa " * 900 + "305 @", "1-" * 5000]
)
def test_no_text_takes_long(text: str) -> None:
    began = time.perf_counter()
    years(text)
    assert time.perf_counter() - began < 0.2
