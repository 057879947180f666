import numpy as np
import pytest
from PIL import Image

from artsim.archive import UserError
from artsim.pictures.lettering import PAPER
from artsim.pictures.lines import curve, draw_lines
from artsim.pictures.poster import Frame, Legend, Words, poster, save

_LONG = "A very long line about an exhibition " * 40


@pytest.mark.parametrize("width", [400, 1000])
def test_no_text_touches_the_margins(width: int) -> None:
    legend = Legend("style", [_LONG, *(f"Style {n}" for n in range(12))], [(200, 20, 20)] * 13)
    canvas, left, top = poster(width, 300, Words(_LONG, _LONG, _LONG, legend))
    marks = np.argwhere(np.abs(np.asarray(canvas, int) - PAPER).sum(2) > 30)
    margin = Frame(width).margin
    assert marks[:, 1].min() >= margin - 2
    assert marks[:, 1].max() <= width - margin + 2
    assert marks[:, 0].max() < canvas.height - margin + 2
    body = np.asarray(canvas, int)[top : top + 300]
    assert (body == PAPER).all()
    assert left == margin


def test_a_poster_with_a_title_alone() -> None:
    canvas, _, top = poster(1000, 300, Words("Title"))
    assert canvas.size == (1000, top + 300 + Frame(1000).margin)


@pytest.mark.parametrize(("name", "start"), [("a.png", b"\x89PNG"), ("a.PDF", b"%PDF"), ("a.jpg", b"\xff\xd8")])
def test_formats(tmp_path, name: str, start: bytes) -> None:
    out = tmp_path / "new" / name
    save(Image.new("RGB", (1170, 585), PAPER), str(out))
    assert out.read_bytes().startswith(start)
    assert [path.name for path in out.parent.iterdir()] == [name]


def test_a_pdf_has_the_width_of_a1(tmp_path) -> None:
    save(Image.new("RGB", (1170, 585), PAPER), str(tmp_path / "a.pdf"))
    content = (tmp_path / "a.pdf").read_bytes()
    box = content.partition(b"/MediaBox [")[2].partition(b"]")[0].split()
    assert [float(number) / 72 for number in box[2:]] == pytest.approx([23.4, 11.7], abs=0.01)


@pytest.mark.parametrize("name", ["a.gif", "a", "s3://bucket/a.png"])
def test_other_files_are_user_errors(name: str) -> None:
    with pytest.raises(UserError, match="`out`"):
        save(Image.new("RGB", (10, 10)), name)


def test_a_folder_that_is_a_file_is_a_user_error(tmp_path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(UserError, match="`out`"):
        save(Image.new("RGB", (10, 10)), str(tmp_path / "file" / "a.png"))


def test_lines_have_their_color() -> None:
    canvas = Image.new("RGB", (100, 60), PAPER)
    points = curve((10, 10), (90, 50))
    assert points[0] == (10, 10)
    assert points[-1] == (90, 50)
    assert points[24] == (50, 30)
    draw_lines(canvas, {(200, 0, 0): [points]}, 3)
    assert canvas.getpixel((50, 30)) == (200, 0, 0)
    assert canvas.getpixel((90, 10)) == PAPER
