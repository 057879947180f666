import numpy as np
import pytest
from PIL import Image

from artsim.pictures.captioned_pictures import CaptionedPicture
from artsim.pictures.lettering import ACCENT, PAPER
from artsim.pictures.walks import scatter, strip, tube
from tests.pictures.test_lettering import ODD_TEXTS

ODD_SIZES = [(1, 260), (260, 1), (1, 1), (260, 7)]


def _work(color: tuple[int, int, int], size: tuple[int, int] = (260, 200), title: str = "title") -> CaptionedPicture:
    return CaptionedPicture("id", Image.new("RGB", size, color), title, "artist", "1900")


_COLORS = [(0, 40 * index, 250 - 40 * index) for index in range(6)]


def test_a_strip_shows_the_walk_from_left_to_right() -> None:
    sizes = [(260, 200), (130, 260), (200, 200), (90, 200), (260, 100), (33, 44)]
    sheet = strip([_work(color, size) for color, size in zip(_COLORS, sizes, strict=True)], height=120)
    pixels, left = np.asarray(sheet), 0
    for color, (width, height) in zip(_COLORS, sizes, strict=True):
        hits = np.argwhere((pixels == color).all(-1))
        assert np.ptp(hits[:, 0]) + 1 == 120
        assert abs(np.ptp(hits[:, 1]) + 1 - width * 120 / height) <= 1
        assert hits[:, 1].min() > left
        left = hits[:, 1].max()
    assert sheet.width > left


def test_the_ends_of_a_strip_are_framed() -> None:
    pixels = np.asarray(strip([_work(color) for color in _COLORS]))
    framed = np.argwhere((pixels == ACCENT).all(-1))[:, 1]
    places = [np.argwhere((pixels == color).all(-1))[:, 1] for color in _COLORS]
    inside = [place for place in places if ((framed > place.min()) & (framed < place.max())).any()]
    assert [id(place) for place in inside] == [id(places[0]), id(places[-1])]


@pytest.mark.parametrize("size", ODD_SIZES)
def test_no_picture_makes_a_strip_endless(size: tuple[int, int]) -> None:
    sheet = strip([_work(color, size, ODD_TEXTS[3]) for color in _COLORS], height=240)
    assert sheet.width < 6 * (4 * 240 + 40)
    assert sheet.height < 400


def test_a_scatter_puts_every_artwork_in_its_place() -> None:
    places = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]])
    cloud = np.array([[0.0, 1.0], [0.5, 0.5]])
    pale = [_work((200, 0, 90)), _work((90, 0, 200))]
    sheet = scatter([_work(color) for color in _COLORS[:3]], places, pale, cloud, size=800)
    assert sheet.size == (800, 600)
    pixels = np.asarray(sheet)
    middles = [np.argwhere((pixels == color).all(-1)).mean(0) for color in _COLORS[:3]]
    assert abs(middles[0][0] - middles[1][0]) < 8
    assert abs(middles[1][1] - middles[2][1]) < 8
    assert middles[1][1] - middles[0][1] > 400
    assert middles[2][0] - middles[1][0] > 250
    for color, point in (((200, 0, 90), (110, 490)), ((90, 0, 200), (400, 300))):
        expected = [a + (b - a) * 0.45 for a, b in zip(color, PAPER, strict=True)]
        np.testing.assert_allclose(sheet.getpixel(point), expected, atol=2)


def test_a_scatter_without_any_extent() -> None:
    sheet = scatter([_work((0, 0, 0))] * 3, np.zeros((3, 2)), [_work((9, 9, 9))], np.zeros((1, 2)), size=600)
    assert sheet.size == (600, 450)
    none = scatter([_work((0, 0, 0))] * 3, np.zeros((3, 2)), [], np.zeros((0, 2)), size=600)
    assert none.size == (600, 450)


def test_a_tube_ends_in_the_middle_and_begins_at_the_rim() -> None:
    around = [_work((90, 90, 90))] * 5
    sheet = tube([_work(color) for color in _COLORS], [[], *([around] * 4), []], size=600)
    assert sheet.size == (600, 600)
    pixels = np.asarray(sheet)
    last = np.argwhere((pixels == _COLORS[-1]).all(-1))
    np.testing.assert_allclose((last.min(0) + last.max(0)) / 2, [300, 300], atol=2)
    first = np.argwhere((pixels == _COLORS[0]).all(-1))  # the nearest: not faded
    assert np.linalg.norm(first.mean(0) - [300, 300]) > 200


@pytest.mark.parametrize("text", ODD_TEXTS)
@pytest.mark.parametrize("size", ODD_SIZES)
def test_odd_pictures_and_titles(size: tuple[int, int], text: str) -> None:
    thumbnails = [_work(color, size, text) for color in _COLORS[:3]]
    assert strip(thumbnails, height=60).mode == "RGB"
    assert scatter(thumbnails, np.eye(3, 2), thumbnails, np.eye(3, 2), size=400).size == (400, 300)
    assert tube(thumbnails, [[], thumbnails, []], size=300).size == (300, 300)
