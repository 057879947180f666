import pytest
from PIL import Image

from artsim.pictures.lettering import INK, PAPER, caption, fitted, font, whole

ODD_TEXTS = [
    "",
    " ",
    "Short",
    "A Sunday Afternoon on the Island of La Grande Jatte, seen from the other side of the river",
    "two\nlines\tand a tab",
    "葛飾北斎「富嶽三十六景 神奈川沖浪裏」" * 4,
    "الليل المرصع بالنجوم " * 5,
    "e\u0301\u0308" * 200,
    "\u200b" * 500,
    "\x00\x01 control",
    "🖼️🎨" * 40,
    "W" * 5000,
]


@pytest.mark.parametrize("text", ODD_TEXTS)
@pytest.mark.parametrize("width", [1, 20, 190])
def test_as_much_as_fits(text: str, width: int) -> None:
    face, bare = font(13), " ".join(text.split())
    shown = fitted(text, width, face)
    if face.getlength(bare) <= width:
        assert shown == bare[: len(shown)]
        return
    assert shown.endswith("…")
    assert bare.startswith(shown[:-1])
    assert shown == "…" or face.getlength(shown) <= width
    longer = bare[: len(shown)].rstrip() + "…"  # one letter more
    assert shown == longer or face.getlength(bare[: len(shown)] + "…") > width or bare[len(shown) - 1] == " "


def test_of_a_title_of_a_whole_page_no_more_is_measured_than_may_fit() -> None:
    class Counting:
        measured = 0

        def getlength(self, text: str) -> float:
            self.measured += len(text)
            return font(13).getlength(text)

    face = Counting()
    assert fitted("On the nature of things " * 50_000, 190, face).endswith("…")  # type: ignore[arg-type]
    assert face.measured < 20 * 4 * 190


@pytest.mark.parametrize("text", ODD_TEXTS)
def test_a_caption_stays_in_its_column(text: str) -> None:
    canvas = Image.new("RGB", (300, 80), PAPER)
    caption(canvas, [text, text, text], 60, 10, 150)
    assert canvas.crop((0, 0, 55, 80)).getcolors() == [(55 * 80, PAPER)]
    assert canvas.crop((215, 0, 300, 80)).getcolors() == [(85 * 80, PAPER)]


def test_the_first_line_is_in_ink_and_the_others_below_it() -> None:
    canvas = Image.new("RGB", (300, 80), PAPER)
    caption(canvas, ["First", "second"], 0, 10, 300)
    upper, lower = canvas.crop((0, 10, 300, 28)), canvas.crop((0, 28, 300, 80))
    assert INK in {color for _, color in upper.getcolors(10_000)}
    assert len(lower.getcolors(10_000)) > 1
    assert INK not in {color for _, color in lower.getcolors(10_000)}


@pytest.mark.parametrize("length", [10, 40, 60, 100])
def test_an_id_is_written_whole(length: int) -> None:
    text = f"0.123 · {'museum:Ab_1' * 10}"[:length]
    face, lines = whole(text, 190, 12)
    assert "".join(lines) == text
    assert face.size >= (10 if length <= 60 else 7)
    assert all(face.getlength(line) <= 190 for line in lines)
