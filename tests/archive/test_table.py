import random
import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from artsim.archive import CATALOG, IMAGES, Archive, UserError, features
from tests.made import make_archive, named

ODD_IDS = [
    "wga:a,b",
    'q:"quoted"',
    "nl:one\ntwo",
    "crlf:one\r\ntwo",
    "umlaut:Dürer",
    "cjk:葛飾北斎",
    "emoji:🖼️",
    "space: lead and trail ",
    "slash:a/b/../c",
    "tab:a\tb",
    "null:\x00",
    "combining:e\u0301",
    "composed:\u00e9",
    "long:" + "x" * 3000,
    "0",
]


def test_the_shard_is_the_crc_of_the_utf8_bytes() -> None:
    from artsim.archive.table import shard_of

    # CRC-32's check value and others; existing archives depend on them
    assert shard_of(["123456789"], 2**32).tolist() == [0xCBF43926]
    assert shard_of(["", "a", "The quick brown fox jumps over the lazy dog"], 2**32).tolist() == [
        0,
        0xE8B7BE43,
        0x414FA339,
    ]
    assert shard_of(["123456789", "a"], 32).tolist() == [0xCBF43926 % 32, 0xE8B7BE43 % 32]
    assert shard_of(["wga:Dürer"], 2**32).tolist() == [_crc("wga:Dürer".encode())]
    assert shard_of(pa.array(["a"]), 32).tolist() == shard_of(pa.chunked_array([["a"]]), 32).tolist() == [3]
    assert shard_of([], 32).shape == (0,)


def test_shards_are_even() -> None:
    from artsim.archive.table import shard_of

    for ids in ([f"wga:{number}" for number in range(20_000)], [f"smk:KMS{n:07d}" for n in range(20_000)]):
        sizes = np.bincount(shard_of(ids, 32), minlength=32)
        assert sizes.min() > 0.85 * 20_000 / 32
        assert sizes.max() < 1.15 * 20_000 / 32


def test_odd_ids_come_back_as_they_were(tmp_path) -> None:
    archive = make_archive(tmp_path, ODD_IDS, shards=4, part_rows=2)
    for name in ("catalog", "images"):
        table = archive.table(name)
        assert sorted(row_id for rows in table.scan(["id"]) for row_id in rows["id"].to_pylist()) == sorted(ODD_IDS)
        assert table.find(ODD_IDS)["id"].to_pylist() == ODD_IDS
        assert table.find(ODD_IDS[::-1], ["id"])["id"].to_pylist() == ODD_IDS[::-1]
        for shard in range(4):
            expected = [row_id for row_id in ODD_IDS if _crc(row_id.encode()) % 4 == shard]
            assert sorted(table.ids(shard).to_pylist()) == sorted(expected)


def test_all_columns_come_back_as_they_were(tmp_path) -> None:
    archive = Archive.create(str(tmp_path), 1)
    row = {field.name: f"{field.name} Ä, \n" for field in CATALOG} | {"year_from": -300, "year_to": None}
    rows = pa.Table.from_pylist([row, {"id": "empty"}], schema=CATALOG)
    archive.table("catalog").write(0, "p", rows.select(rows.column_names[::-1]))
    back = archive.table("catalog").read(0, "p")
    assert back.schema == CATALOG
    assert back.to_pylist() == rows.to_pylist()
    assert archive.table("catalog").read(0, "p", ["title", "id"]).to_pylist() == [
        {"id": row["id"], "title": row["title"]},
        {"id": "empty", "title": None},
    ]


def test_write_replaces_a_whole_part(tmp_path) -> None:
    table = Archive.create(str(tmp_path), 1).table("catalog")
    table.write(0, "p", _catalog("a", "b"))
    table.write(0, "q", _catalog("c"))
    table.write(0, "p", _catalog("d"))
    assert table.parts(0) == ["p", "q"]
    assert table.ids(0).to_pylist() == ["d", "c"]
    assert (table.rows_in(0, "p"), table.count()) == (1, 2)


def test_reading_what_is_not_there(tmp_path) -> None:
    archive = make_archive(tmp_path, named(3), shards=1)
    table = archive.table("catalog")
    with pytest.raises(FileNotFoundError):
        table.read(0, "none")
    assert archive.table("features/none").parts(0) == []
    assert list(archive.table("features/none").scan()) == []
    assert archive.table("features/none").ids(0).to_pylist() == []
    assert archive.table("features/none").count() == 0


def test_a_writer_that_fails_leaves_the_old_part_and_no_draft(tmp_path) -> None:
    table = Archive.create(str(tmp_path), 1).table("catalog")
    table.write(0, "p", _catalog("old"))
    with pytest.raises(ZeroDivisionError), table.writer(0, "p") as writer:
        writer.write(_catalog("new"))
        raise ZeroDivisionError
    with pytest.raises(ZeroDivisionError), table.writer(0, "other"):
        raise ZeroDivisionError
    assert table.ids(0).to_pylist() == ["old"]
    assert [path.name for path in (tmp_path / "catalog" / "00000").iterdir()] == ["p.parquet"]


def test_rows_of_another_shape_are_refused_and_nothing_changes(tmp_path) -> None:
    table = Archive.create(str(tmp_path), 1).table("features/x", features(2))
    good = {"id": ["a"], "vector": [[1.0, 2.0]], "error": [None], "sha256": [None]}
    table.write(0, "p", pa.table(good, features(2)))
    with pytest.raises(pa.ArrowTypeError):
        table.write(0, "p", pa.table(good | {"vector": [[1.0, 2.0, 3.0]]}, features(3)))
    with pytest.raises(KeyError):
        table.write(0, "p", pa.table({"id": ["b"]}))
    assert table.read(0, "p")["vector"].to_pylist() == [[1.0, 2.0]]


def test_a_streamed_part_shows_at_its_end(tmp_path) -> None:
    table = Archive.create(str(tmp_path), 1).table("catalog")
    with table.writer(0, "p") as writer:
        for number in range(5):
            writer.write(_catalog(f"a{number}", f"b{number}"))
            assert table.parts(0) == []
    assert table.ids(0).to_pylist() == [f"{letter}{number}" for number in range(5) for letter in "ab"]


def test_a_part_tells_what_came_of_the_work_that_wrote_it(tmp_path) -> None:
    table = Archive.create(str(tmp_path), 1).table("catalog")
    assert table.outcome(0, "p", "run") is None
    table.write(0, "p", _catalog("a"))
    assert table.outcome(0, "p", "run") is None
    table.merge(0, "p", _catalog("b"), {"work": "run", "rows": 1})
    assert table.outcome(0, "p", "run") == {"work": "run", "rows": 1}
    assert table.outcome(0, "p", "another run") is None
    table.merge(0, "p", _catalog("c"))  # a merge without an outcome drops the previous one
    assert table.outcome(0, "p", "run") is None
    assert sorted(table.ids(0).to_pylist()) == ["a", "b", "c"]


def test_merge_puts_new_rows_in_the_place_of_old_ones(tmp_path) -> None:
    table = Archive.create(str(tmp_path), 1).table("catalog")
    expected: dict[str, str] = {}
    rng = random.Random(1)
    for turn in range(12):
        titles = {f"i{rng.randrange(30)}": f"turn {turn}" for _ in range(6)}
        table.merge(0, "p", pa.Table.from_pylist([{"id": k, "title": v} for k, v in titles.items()], schema=CATALOG))
        expected.update(titles)
        rows = table.read(0, "p").to_pylist()
        assert len(rows) == len(expected)
        assert {row["id"]: row["title"] for row in rows} == expected


def test_merge_keeps_bytes_and_vectors(tmp_path) -> None:
    archive = Archive.create(str(tmp_path), 1)
    images = archive.table("images")
    first, second = (
        pa.Table.from_pylist([{"id": i, "bytes": bytes(range(256)) * n}], schema=IMAGES)
        for i, n in (("a", 1), ("b", 9))
    )
    images.merge(0, "p", first)
    images.merge(0, "p", second)
    assert {row["id"]: len(row["bytes"]) for row in images.read(0, "p").to_pylist()} == {"a": 256, "b": 2304}
    table = archive.table("features/x", features(2))
    for name, vector in (("a", [1.0, 2.0]), ("b", None)):
        table.merge(0, "p", pa.Table.from_pylist([{"id": name, "vector": vector}], schema=features(2)))
    assert {row["id"]: row["vector"] for row in table.read(0, "p").to_pylist()} == {"a": [1.0, 2.0], "b": None}


@pytest.fixture(scope="module")
def large(tmp_path_factory) -> Archive:
    """Images in partitions of several row groups each."""
    ids = named(500)
    same = dict.fromkeys(ids, b"")
    return make_archive(
        tmp_path_factory.mktemp("large"),
        ids,
        shards=2,
        part_rows=130,
        pictures={image_id: f"bytes of {image_id}".encode() for image_id in same},
    )


def test_a_part_of_images_has_several_row_groups(large: Archive) -> None:
    with pq.ParquetFile(large.store.open_input("images/00000/p0-00000.parquet")) as file:
        assert file.num_row_groups > 3


def test_find_gives_rows_in_the_order_asked(large: Archive) -> None:
    rng = random.Random(2)
    for count in (1, 7, 400):
        known = rng.sample(named(500), count)
        unknown = [f"made:{number}" for number in range(3)]
        mixed = known + unknown
        rng.shuffle(mixed)
        rows = large.table("images").find(mixed, ["id", "bytes"]).to_pylist()
        assert [row["id"] for row in rows] == [image_id for image_id in mixed if image_id in set(known)]
        assert all(row["bytes"] == f"bytes of {row['id']}".encode() for row in rows)


def test_find_gives_the_columns_asked_for(large: Archive) -> None:
    table = large.table("images")
    assert table.find(["made:0003"], ["status", "bytes"]).to_pylist() == [
        {"status": "ok", "bytes": b"bytes of made:0003"}
    ]
    assert table.find(["made:0003"]).schema.names == IMAGES.names


def test_find_of_one_id_twice_gives_it_twice(large: Archive) -> None:
    wanted = ["made:0004", "made:0002", "made:0004"]
    assert large.table("images").find(wanted, ["id"])["id"].to_pylist() == wanted


def test_find_of_nothing(large: Archive) -> None:
    assert large.table("images").find(["stranger"]) is None
    assert large.table("images").find([]) is None


def test_find_reads_only_the_row_groups_of_its_hits(large: Archive, monkeypatch) -> None:
    read: list[int] = []
    real = pq.ParquetFile.read_row_group

    def counted(self, group, **how):
        read.append(group)
        return real(self, group, **how)

    monkeypatch.setattr(pq.ParquetFile, "read_row_group", counted)
    large.table("images").find(["made:0100"], ["bytes"])
    assert len(read) == 1


def test_located_says_which_partition_holds_each_id(large: Archive) -> None:
    table, wanted = large.table("images"), ["made:0300", "made:0003", "stranger", "made:0004"]
    expected = {
        image_id: (shard, part)
        for shard in range(2)
        for part in table.parts(shard)
        for image_id in table.read(shard, part, ["id"])["id"].to_pylist()
        if image_id in wanted
    }
    located = [
        (image_id, (shard, part))
        for shard, part, rows in table.located(wanted, ["id"])
        for image_id in rows["id"].to_pylist()
    ]
    assert len(located) == 3 and dict(located) == expected


def test_scan_goes_over_every_row_once_in_a_fixed_order(large: Archive) -> None:
    table = large.table("images")
    expected = [image_id for rows in table.scan(["id"]) for image_id in rows["id"].to_pylist()]
    assert sorted(expected) == named(500)
    assert expected == [image_id for rows in table.scan(["id", "bytes"]) for image_id in rows["id"].to_pylist()]
    assert expected == [image_id for shard in range(2) for image_id in table.ids(shard).to_pylist()]
    assert table.count() == 500


@pytest.mark.parametrize("rows", [1, 10, 1000])
def test_batches_give_the_wanted_rows_few_at_a_time(large: Archive, rows: int) -> None:
    table = large.table("images")
    ids = table.read(0, "p0-00000", ["id"])["id"].to_pylist()
    wanted = ids[5:90:3]
    batches = list(table.batches(0, "p0-00000", ["id", "bytes"], [*wanted, "stranger"], rows))
    assert all(0 < len(batch) <= rows for batch in batches)
    read = [row for batch in batches for row in batch.to_pylist()]
    assert read == [{"id": image_id, "bytes": f"bytes of {image_id}".encode()} for image_id in wanted]


def _catalog(*ids: str) -> pa.Table:
    return pa.Table.from_pylist([{"id": row_id} for row_id in ids], schema=CATALOG)


def _crc(data: bytes) -> int:
    """CRC-32 bit by bit (ITU-T V.42, reflected polynomial EDB88320)."""
    value = 0xFFFFFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0xEDB88320 if value & 1 else 0)
    return value ^ 0xFFFFFFFF


def _damage(path: Path, how: str) -> None:
    content = path.read_bytes()
    half = content[: len(content) // 2]
    path.write_bytes({"empty": b"", "cut": half, "garbage": b"x" * 5000, "ends": b"PAR1" + bytes(99) + b"PAR1"}[how])


@pytest.mark.parametrize("how", ["empty", "cut", "garbage", "ends"])
def test_a_damaged_part_is_named_whoever_reads_it(tmp_path: Path, how: str) -> None:
    table = make_archive(tmp_path, named(20), shards=1).table("images")
    part = table.parts(0)[0]
    path = tmp_path / "images" / "00000" / f"{part}.parquet"
    _damage(path, how)
    for read in (
        table.count,
        lambda: table.read(0, part, ["id"]),
        lambda: table.find(named(20)),
        lambda: list(table.scan()),
        lambda: list(table.batches(0, part, ["id"], named(20), 5)),
        lambda: table.outcome(0, part, "work"),
    ):
        with pytest.raises(UserError, match=re.escape(str(path))):
            read()


def test_a_part_of_other_columns_is_named(tmp_path: Path) -> None:
    table = make_archive(tmp_path, named(20), shards=1).table("images")
    path = tmp_path / "images" / "00000" / f"{table.parts(0)[0]}.parquet"
    pq.write_table(pa.table({"other": [1]}), path)
    with pytest.raises(UserError, match="has no column id"):
        table.ids(0)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b"[]", b"null-", b"3"])
def test_damaged_json_is_named(tmp_path: Path, content: bytes) -> None:
    archive = make_archive(tmp_path, named(3))
    (tmp_path / "features" / "x").mkdir(parents=True)
    path = tmp_path / "features" / "x" / "_about.json"
    path.write_bytes(content)
    with pytest.raises(UserError, match=re.escape(f"{path}: damaged")):
        archive.read_json("features/x/_about.json")
