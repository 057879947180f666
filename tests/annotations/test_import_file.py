import csv

import pytest

from artsim.annotations.annotations import add_annotations, read_annotations
from artsim.annotations.import_file import export_annotations, import_annotations
from artsim.archive import Archive, UserError
from tests.learn.made_annotations import catalog_of
from tests.made import CLOSED, OPEN

IDS = [f"m:img {number}, scan.jpg" for number in range(12)]
NAMES = [artwork_id.removeprefix("m:") for artwork_id in IDS]


@pytest.fixture
def archive(tmp_path) -> Archive:
    rows = [
        {
            "id": artwork_id,
            "image_url": f"file:///x/{artwork_id[2:]}",
            "rights": CLOSED if artwork_id == IDS[11] else OPEN,
        }
        for artwork_id in IDS
    ]
    return catalog_of(tmp_path / "archive", [*rows, {"id": "n:a/twin.jpg"}, {"id": "n:b/twin.jpg"}])


def _line(names: list[str]) -> str:
    return ",".join(f'"{name}"' for name in names)


def _import(archive: Archive, path, text: str, **how) -> dict:
    path.write_text(text)
    settings = {"annotator": "anna", "mode": "unknown", "collection": None, "public_only": False, **how}
    return import_annotations(archive, str(path), **settings)


def test_valid_lines_are_imported_and_others_rejected_with_reason(archive, tmp_path) -> None:
    text = "\n".join(
        [
            "anchor,positive,neg1,neg2,neg3,neg4,neg5,neg6,neg7",
            _line(NAMES[:9]),
            "",
            _line(NAMES[:8]),
            _line([*NAMES[:8], "lost.jpg"]),
            _line([*NAMES[:8], NAMES[3]]),
            _line([*NAMES[:8], "img 3, scan.png"]),
            _line([*NAMES[:8], "twin.jpg"]),
            '"open,b,c',
            _line([*IDS[3:], NAMES[0]]),
            _line(NAMES[:9]),
        ]
    )
    report = _import(archive, tmp_path / "anna.txt", text)
    assert (report["rows_in"], report["rows_out"], report["rows_there"], report["rows_failed"]) == (9, 2, 0, 7)
    assert read_annotations(archive).images.tolist() == [IDS[:9], IDS[:9]]
    with (tmp_path / "archive" / report["rejects"]).open(newline="") as file:
        kept = list(csv.DictReader(file))
    assert [(row["line"], row["reason"].split(" may be")[0]) for row in kept] == [
        ("4", "not nine names: 8"),
        ("5", "unknown image: 'lost.jpg'"),
        ("6", f"duplicate image: {NAMES[3]!r}"),
        ("7", "duplicate image: 'img 3, scan.png'"),
        ("8", "ambiguous image: 'twin.jpg'"),
        ("9", "not nine names: unclosed or misplaced quote"),
        ("10", "not nine names: 10"),
    ]
    assert "n:a/twin.jpg" in kept[4]["reason"] and "n:b/twin.jpg" in kept[4]["reason"]
    assert kept[0]["text"] == _line(NAMES[:8])
    assert report["rejected"] == {"not nine names": 3, "duplicate image": 2, "unknown image": 1, "ambiguous image": 1}


def test_a_repeated_import_adds_only_new_lines(archive, tmp_path) -> None:
    once = _line(NAMES[:9]) + "\n"
    assert _import(archive, tmp_path / "f", once)["rows_out"] == 1
    assert _import(archive, tmp_path / "f", once)["rows_out"] == 0
    assert _import(archive, tmp_path / "f", once, annotator="bert", mode="near")["rows_out"] == 1
    report = _import(archive, tmp_path / "f", once + once + _line(NAMES[1:10]))
    assert (report["rows_in"], report["rows_out"], report["rows_there"]) == (3, 2, 1)
    assert read_annotations(archive).mode.tolist() == ["unknown", "near", "unknown", "unknown"]
    assert report["rejects"] is None and report["rejected"] == {}


def test_import_of_an_export_is_the_same(archive, tmp_path) -> None:
    rows = [[*IDS[5:], "n:a/twin.jpg", "n:b/twin.jpg"], IDS[:9], IDS[1:10], IDS[:9]]
    add_annotations(archive, "anna", rows, "random")
    add_annotations(archive, "bert", [IDS[2:11]], "near")
    file = str(tmp_path / "anna.txt")
    report = export_annotations(archive, file, annotators=["anna"], public_only=False)
    assert (report["rows_in"], report["rows_out"], report["rows_failed"], report["file"]) == (4, 4, 0, file)
    assert (tmp_path / "anna.txt").read_text().splitlines()[1] == _line(NAMES[:9])
    assert _import(archive, tmp_path / "anna.txt", (tmp_path / "anna.txt").read_text())["rows_out"] == 0
    before = read_annotations(archive, ["anna"])
    archive.remove("annotations")
    assert _import(archive, tmp_path / "anna.txt", (tmp_path / "anna.txt").read_text())["rows_out"] == 4
    after = read_annotations(archive)
    assert after.images.tolist() == before.images.tolist() == rows
    assert after.annotation_id.tolist() == before.annotation_id.tolist()


def test_protected_artworks_are_not_exported(archive, tmp_path) -> None:
    add_annotations(archive, "anna", [IDS[:9], IDS[3:]], "random")
    report = export_annotations(archive, str(tmp_path / "f"), annotators=None, public_only=True)
    assert (report["rows_in"], report["rows_out"]) == (2, 1)
    assert NAMES[11] not in (tmp_path / "f").read_text()
    report = _import(
        archive, tmp_path / "g", _line(NAMES[3:]) + "\n" + _line(NAMES[:9]), annotator="x", public_only=True
    )
    assert (report["rows_out"], report["rejected"]) == (1, {"unknown image": 1})


def test_collection_limits_the_names(archive, tmp_path) -> None:
    names = [*NAMES[:8], "twin.jpg"]
    assert _import(archive, tmp_path / "f", _line(names), collection="m")["rejected"] == {"unknown image": 1}
    assert _import(archive, tmp_path / "f", _line(NAMES[:9]), collection="m")["rows_out"] == 1


@pytest.mark.parametrize("sign", [",", "\t", ";"])
def test_tabs_semicolons_and_spaces_are_accepted(tmp_path, sign: str) -> None:
    ids = [f"m:{number}.jpg" for number in range(9)]
    archive = catalog_of(tmp_path / "archive", [{"id": artwork_id} for artwork_id in ids])
    report = _import(archive, tmp_path / "anna.txt", sign.join(f" {artwork_id[2:]}  " for artwork_id in ids) + "\n")
    assert (report["rows_out"], report["rows_failed"]) == (1, 0)
    assert read_annotations(archive).images.tolist() == [ids]


@pytest.mark.parametrize("name", ["../x", "a/b", "a\\b", ".hidden"])
def test_an_annotator_name_cannot_be_a_path(archive, tmp_path, name: str) -> None:
    with pytest.raises(UserError, match="`annotator`"):
        _import(archive, tmp_path / "anna.txt", _line(NAMES[:9]), annotator=name)
