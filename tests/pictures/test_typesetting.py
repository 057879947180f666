import numpy as np
from PIL import Image

from artsim.pictures.lettering import PAPER
from artsim.pictures.typesetting import Face, readable


def test_control_and_direction_characters_are_removed() -> None:
    assert readable("a\x00b\x1b[31m\u202ec\n d\ud800\ue000") == "ab[31mc d"


def test_letters_that_no_font_has_are_left_out() -> None:
    assert readable("Title \U000f0000") == "Title"
    assert readable("Ægir Łódź Ελένη Москва") == "Ægir Łódź Ελένη Москва"


def test_a_long_text_is_cut_to_the_width() -> None:
    face = Face(20)
    cut = face.fitted("The beginning of a very long title " * 100, 200)
    assert cut.endswith("…")
    assert 150 < face.length(cut) <= 200
    assert face.fitted("short", 200) == "short"
    assert face.fitted("x" * 100, 1) in ("", "…")


def test_lines_are_broken_at_spaces_and_the_last_is_cut() -> None:
    face = Face(20)
    lines = face.wrapped("one two three four five six seven eight nine ten", 120, 2)
    assert len(lines) == 2
    assert all(face.length(line) <= 120 for line in lines)
    assert lines[1].endswith("…")
    assert face.wrapped("", 100, 2) == []
    assert face.wrapped("one", 100, 3) == ["one"]


def test_text_is_written_where_it_belongs() -> None:
    canvas = Image.new("RGB", (300, 60), PAPER)
    Face(20).write(canvas, "Right", 290, 10, align="right")
    ink = np.argwhere(np.asarray(canvas).sum(2) < 400)
    assert ink[:, 1].max() <= 290
    assert ink[:, 1].min() > 200
    assert ink[:, 0].min() >= 10
