import os
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from artsim.annotations.annotations import add_annotations, read_annotations
from artsim.archive import Archive, UserError
from tests.learn.made_annotations import annotations_of

NINE = [f"m:{number}" for number in range(9)]
OTHER = [f"m:{number}" for number in range(8, 17)]


def _files(archive: Archive) -> list[str]:
    return sorted(str(path) for path in Path(archive.uri, "annotations").rglob("*") if path.is_file())


def test_annotations_are_read_in_the_order_added(tmp_path) -> None:
    archive = Archive.create(str(tmp_path), 3)
    assert len(read_annotations(archive)) == 0
    assert add_annotations(archive, "anna", [OTHER, NINE], "random") == 2
    assert add_annotations(archive, "bert", [NINE], "near") == 1
    annotations = read_annotations(archive)
    assert annotations.images.tolist() == [OTHER, NINE, NINE]
    assert annotations.annotator.tolist() == ["anna", "anna", "bert"]
    assert annotations.mode.tolist() == ["random", "random", "near"]
    assert len(set(annotations.annotation_id)) == 3
    assert read_annotations(archive, ["bert"]).images.tolist() == [NINE]
    with pytest.raises(UserError, match=r"`annotator` carl: .* anna, bert"):
        read_annotations(archive, ["anna", "carl"])
    (row,) = archive.table("annotations").read(0, Path(_files(archive)[0]).stem).to_pylist()[-1:]
    assert list(row) == ["annotation_id", "annotator", "anchor", "positive", "negatives", "mode", "created_at"]
    assert abs((datetime.now(UTC) - row["created_at"]).total_seconds()) < 60


def test_repeated_imports_add_nothing_but_repeated_judgments_are_kept(tmp_path) -> None:
    archive = Archive.create(str(tmp_path))
    assert add_annotations(archive, "anna", [NINE, OTHER, NINE], "random") == 3
    before = {path: Path(path).stat().st_mtime_ns for path in _files(archive)}
    assert add_annotations(archive, "anna", [NINE, NINE, OTHER], "random") == 0
    assert add_annotations(archive, "anna", [NINE, NINE, NINE], "random") == 1
    assert all(Path(path).stat().st_mtime_ns == when for path, when in before.items()), "a file was rewritten"
    assert len(_files(archive)) == 2
    assert [images.tolist() for images in read_annotations(archive).images].count(NINE) == 3


def test_concurrent_imports_create_no_duplicates(tmp_path) -> None:
    archive, aside = Archive.create(str(tmp_path / "a")), Archive.create(str(tmp_path / "b"))
    add_annotations(archive, "anna", [NINE], "random")
    add_annotations(aside, "anna", [NINE, OTHER], "random")  # like an import that started before the other file existed
    (file,) = _files(aside)
    Path(file).rename(Path(archive.uri, "annotations", "00000", Path(file).name))
    assert read_annotations(archive).images.tolist() == [NINE, OTHER]


def test_an_interrupted_write_leaves_nothing_and_can_be_repeated(tmp_path, monkeypatch) -> None:
    archive = Archive.create(str(tmp_path))
    add_annotations(archive, "anna", [NINE], "random")
    write = pq.write_table

    def broken(rows: pa.Table, path: str, **how: str) -> None:
        write(rows, path, **how)
        os.truncate(path, 100)
        raise OSError("no space left")

    monkeypatch.setattr(pq, "write_table", broken)
    with pytest.raises(OSError, match="no space"):
        add_annotations(archive, "anna", [NINE, OTHER], "random")
    assert read_annotations(archive).images.tolist() == [NINE]
    monkeypatch.setattr(pq, "write_table", write)
    assert add_annotations(archive, "anna", [NINE, OTHER], "random") == 1
    assert read_annotations(archive).images.tolist() == [NINE, OTHER]


def test_annotations_are_flushed_before_returning(tmp_path, monkeypatch) -> None:
    archive = Archive.create(str(tmp_path))
    flushed: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: flushed.append(os.fstat(descriptor).st_ino))
    add_annotations(archive, "anna", [NINE], "random")
    (file,) = _files(archive)
    wanted = [Path(file), Path(file).parent, Path(file).parents[1], Path(archive.uri)]
    assert flushed == [path.stat().st_ino for path in wanted]  # the file first, then the folders that contain it


def test_annotations_work_in_other_storage(tmp_path) -> None:
    archive = Archive.create(f"memory://{tmp_path.name}")
    assert [add_annotations(archive, "anna", [NINE], "random") for _ in range(2)] == [1, 0]
    assert read_annotations(archive).images.tolist() == [NINE]


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "x" * 101])
def test_invalid_annotator_names_are_user_errors(tmp_path, name: str) -> None:
    with pytest.raises(UserError, match="`annotator`"):
        add_annotations(Archive.create(str(tmp_path)), name, [NINE], "random")


def test_images_as_positions() -> None:
    annotations = annotations_of([OTHER, NINE, OTHER])
    assert annotations.ids().tolist() == sorted(set(NINE + OTHER))
    order = np.random.default_rng(0).permutation(annotations.ids())
    judged = annotations.judged(order)
    assert judged.dtype == np.int64 and judged.shape == (3, 9)
    for row, images in enumerate(annotations.images):
        for column, image in enumerate(images):
            assert order[judged[row, column]] == image
    with pytest.raises(UserError, match=r"m:8: .*jobs\.annotations check"):
        annotations.judged([artwork_id for artwork_id in order if artwork_id != "m:8"])
    assert annotations.take(np.array([2, 1])).images.tolist() == [OTHER, NINE]
    assert annotations.take(np.array([False, True, False])).annotation_id.tolist() == ["annotation 1"]
    assert annotations.take(np.array([], np.int64)).judged(order).shape == (0, 9)
