import numpy as np
import pytest
from PIL import Image

from artsim.metrics.interval import Score
from artsim.pictures.lettering import ACCENT, INK, PAPER
from artsim.pictures.scores import Row, Series, below_one_another, score_table
from tests.pictures.test_lettering import ODD_TEXTS

_BEFORE, _AFTER = Series("before", filled=False), Series("after")


def _score(value: float, width: float = 0.1) -> Score:
    return Score(value, 10, value - width, value + width)


def _table(rows: list[Row], series=(_AFTER,), reference=None) -> np.ndarray:
    return np.asarray(score_table("Title", "below it", series, ["figures"], rows, reference), int)


def _row(*scores: Score | None, label: str = "row") -> Row:
    return Row(label, "note", scores, [("1.00", "0.9 to 1.1")])


def _dots(pixels: np.ndarray, color: tuple[int, int, int]) -> list[tuple[float, float]]:
    """Returns the center (y, x) of each dot of a color, top first; only a dot fills a square of 9 pixels."""
    mask = np.abs(pixels - color).max(-1) < 12
    places = []
    for y, x in np.argwhere(mask):
        if mask[max(y - 4, 0) : y + 5, max(x - 4, 0) : x + 5].mean() > 0.95:
            places.append((y, x))
    groups: list[list[tuple[int, int]]] = []
    for place in places:
        nearby_group = next(
            (group for group in groups if abs(group[0][0] - place[0]) < 30 and abs(group[0][1] - place[1]) < 30), None
        )
        if nearby_group is None:
            groups.append([place])
        else:
            nearby_group.append(place)
    return [tuple(np.mean(group, axis=0)) for group in groups]


def test_dots_stand_where_their_values_are() -> None:
    """Equal steps in value are equal steps to the right; the rows are evenly spaced."""
    rows = [_row(_score(value)) for value in (2.0, 2.5, 3.0, 4.0)]
    *dots, legend = _dots(_table(rows), ACCENT)
    assert len(dots) == 4
    y, x = np.array(dots).T
    assert (np.diff(y) > 40).all()
    assert np.ptp(np.diff(y)) < 3
    np.testing.assert_allclose(np.diff(x) / (x[1] - x[0]), [1, 1, 2], rtol=0.03)
    assert legend[0] > y[-1]


def test_an_interval_is_as_long_as_it_is() -> None:
    pixels = _table([_row(_score(2.0, 0.2)), _row(_score(3.0, 0.6))])
    *dots, _ = _dots(pixels, ACCENT)
    lengths = []
    for y, _ in dots:
        line = np.flatnonzero(np.abs(pixels[round(y)] - ACCENT).max(-1) < 60)
        lengths.append(np.ptp(line))
    step = dots[1][1] - dots[0][1]  # pixels per unit of value
    np.testing.assert_allclose(np.array(lengths) / step, [0.4, 1.2], atol=0.06)


def test_before_is_hollow_and_after_filled() -> None:
    pixels = _table([_row(_score(3.0), _score(2.0))], (_BEFORE, _AFTER))
    filled, _ = _dots(pixels, ACCENT)
    assert _dots(pixels, INK) == []  # hollow: a ring, not a disc
    row = pixels[round(filled[0]) - 25 : round(filled[0]) + 25]
    assert (np.abs(row - INK).max(-1) < 40).any()


def test_a_score_that_is_not_there_leaves_its_place_empty() -> None:
    dot, legend = _dots(_table([_row(None), _row(_score(2.0))]), ACCENT)
    assert legend[0] > dot[0]
    assert len(_dots(_table([_row(None), _row(None)]), ACCENT)) == 1  # the dot of the legend


def test_the_reference_is_on_the_scale() -> None:
    near = _table([_row(_score(2.0)), _row(_score(2.5))])
    far = _table([_row(_score(2.0)), _row(_score(2.5))], reference=(4.5, "chance"))
    near_dots, far_dots = _dots(near, ACCENT), _dots(far, ACCENT)
    assert far_dots[1][1] - far_dots[0][1] < 0.6 * (near_dots[1][1] - near_dots[0][1])


def test_a_longer_name_has_more_room_but_not_endlessly() -> None:
    widths = [_table([_row(_score(2.0), label="x" * count)]).shape[1] for count in (3, 30, 60, 600)]
    assert widths[0] < widths[1] < widths[2] == widths[3]


@pytest.mark.parametrize("text", [*ODD_TEXTS, "$5 and $6", r"$\frac{1}{2}$"])
def test_odd_texts(text: str) -> None:
    row = Row(text, text, [_score(2.0)], [(text, text)])
    image = score_table(text, text, [Series(text)], [text], [row], (4.5, text))
    assert isinstance(image, Image.Image)
    assert image.mode == "RGB"


@pytest.mark.parametrize("rows", [[], [_row(Score(1.0, 1, 1.0, 1.0))], [_row(_score(240.0, 90))] * 40])
def test_few_and_many_rows(rows: list[Row]) -> None:
    pixels = _table(rows)
    assert pixels.shape[0] > 58 * 1.5 * len(rows)


def test_pictures_below_one_another() -> None:
    sizes, colors = [(30, 10), (20, 5)], [(255, 0, 0), (0, 0, 255)]
    pictures = [Image.new("RGB", size, color) for size, color in zip(sizes, colors, strict=True)]
    pixels = np.asarray(below_one_another(pictures))
    assert pixels.shape == (15, 30, 3)
    assert (pixels[:10] == colors[0]).all()
    assert (pixels[10:, :20] == colors[1]).all()
    assert (pixels[10:, 20:] == PAPER).all()
