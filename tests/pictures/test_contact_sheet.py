import numpy as np
import pytest
from PIL import Image

from artsim.pictures.contact_sheet import Cell, contact_sheet
from artsim.pictures.lettering import ACCENT, PAPER
from tests.pictures.test_lettering import ODD_TEXTS


def _plain(color: tuple[int, int, int], size: tuple[int, int] = (240, 180)) -> Cell:
    return Cell(Image.new("RGB", size, color), ["title", "artist, 1900", "0.123 · id"])


def test_every_picture_is_there_in_its_row_and_order() -> None:
    colors = [[(10 * row, 20 * column, 200) for column in range(4)] for row in range(3)]
    rows = [(_plain(row[0]), [_plain(color) for color in row[1:]]) for row in colors]
    pixels = np.asarray(contact_sheet("title", rows))
    places = [[_where(pixels, color) for color in row] for row in colors]
    tops = [[top for top, _ in row] for row in places]
    lefts = [[left for _, left in row] for row in places]
    assert all(len(set(row)) == 1 for row in tops)
    assert [row[0] for row in tops] == sorted({row[0] for row in tops})
    assert lefts[0] == sorted(set(lefts[0]))
    assert lefts == [lefts[0]] * 3


def test_the_size_follows_the_rows_and_the_longest_of_them() -> None:
    def size(answers: list[int]) -> tuple[int, int]:
        return contact_sheet("", [(_plain((1, 2, 3)), [_plain((4, 5, 6))] * count) for count in answers]).size

    one_answer, two_answers, two_rows = size([1]), size([2]), size([2, 0])
    assert two_answers[0] - one_answer[0] == size([9])[0] - size([8])[0] > 0
    assert two_answers[1] == one_answer[1] < two_rows[1]
    assert two_rows[0] == two_answers[0]
    assert size([])[0] > 0


def test_the_query_alone_is_framed() -> None:
    pixels = np.asarray(contact_sheet("", [(_plain((0, 90, 0)), [_plain((0, 0, 90))])]))
    framed = np.argwhere((pixels == ACCENT).all(-1))
    query = np.argwhere((pixels == (0, 90, 0)).all(-1))
    assert (framed.min(0) < query.min(0)).all()
    assert (framed.max(0) > query.max(0)).all()
    assert framed[:, 1].max() < np.argwhere((pixels == (0, 0, 90)).all(-1))[:, 1].min()


@pytest.mark.parametrize("text", ODD_TEXTS)
@pytest.mark.parametrize("size", [(1, 240), (240, 1), (1, 1), (7, 240)])
def test_odd_pictures_and_titles_make_a_sheet(size: tuple[int, int], text: str) -> None:
    cell = Cell(Image.new("RGB", size, (1, 200, 1)), [text] * 3)
    title = " ".join(text.split())[:80]
    sheet = contact_sheet(title, [(cell, [cell, cell])])
    plain = contact_sheet(title, [(_plain((0, 0, 0)), [_plain((0, 0, 0))] * 2)])
    assert sheet.size == plain.size
    assert sheet.getpixel((0, 0)) == PAPER


def _where(pixels: np.ndarray, color: tuple[int, int, int]) -> tuple[int, int]:
    """Returns the top and left of the only solid rectangle of a color."""
    hits = np.argwhere((pixels == color).all(-1))
    (top, left), (bottom, right) = hits.min(0), hits.max(0) + 1
    assert len(hits) == (bottom - top) * (right - left) > 1000
    return int(top), int(left)
