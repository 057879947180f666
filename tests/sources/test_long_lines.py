"""A line that is too long is rejected with its number; the rows around it are read."""

import io
from pathlib import Path

import pytest

from artsim.archive import UserError
from artsim.sources.records import CHUNK_ROWS
from artsim.sources.tables.delimited import read_delimited
from artsim.sources.tables.source import open_table
from tests.sources.conftest import rejects_of, rows_of

HUGE = "x" * (18 << 20)
TOO_LONG = "a line longer than 16 MiB"
TABLES = {
    "w.csv": f"id,title,image\n1,a,https://m.example/1.jpg\n2,{HUGE},https://m.example/2.jpg\n3,b,https://m.example/3.jpg\n",
    "quoted.csv": f'id,title,image\n1,a,https://m.example/1.jpg\n2,"{HUGE}",https://m.example/2.jpg\n3,b,https://m.example/3.jpg\n',
    "last.csv": f"id,title,image\n1,a,https://m.example/1.jpg\n3,b,https://m.example/3.jpg\n2,{HUGE},https://m.example/2.jpg",
    "fields.csv": f"id,title,image\n1,a,https://m.example/1.jpg\n2,{'y,' * (9 << 20)}\n3,b,https://m.example/3.jpg\n",
    "w.jsonl": "".join(
        f'{{"id": "{number}", "title": "{title}", "image": "https://m.example/{number}.jpg"}}\n'
        for number, title in ((0, "c"), (1, "a"), (2, HUGE), (3, "b"))
    ),
    "w.txt": f"https://m.example/0.jpg\nhttps://m.example/1.jpg\nhttps://m.example/{HUGE}.jpg\nhttps://m.example/3.jpg\n",
}


@pytest.mark.parametrize("name", TABLES)
def test_an_overlong_line_rejects_only_itself(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(TABLES[name])
    chunks = list(open_table(str(tmp_path / name), {}).chunks([]))
    assert [row["image_url"][-5:] for row in rows_of(chunks)][-2:] == ["1.jpg", "3.jpg"]
    (reject,) = rejects_of(chunks)
    assert (reject.line, reject.reason) == ("4" if name == "last.csv" else "3", TOO_LONG)
    assert len(reject.text) <= 500


def test_utf_16_as_well() -> None:
    text = f"id,title\n1,a\n2,{HUGE}\n3,b\n".encode("utf-16")
    batches = list(read_delimited(io.BytesIO(text), "w.csv"))
    assert [local_id for batch in batches for local_id in batch.table["id"].to_pylist()] == ["1", "3"]


class _Blocks:
    """A file with a row of 64 MiB between two good ones; each read returns one block."""

    def __init__(self) -> None:
        self.parts = [b"id,title\n1,a\n2,", *[b"x" * (1 << 20)] * 64, b"\n3,b\n"]

    def read(self, size: int) -> bytes:
        return self.parts.pop(0) if self.parts else b""


def test_memory_stays_bounded() -> None:
    import tracemalloc

    tracemalloc.start()
    (batch,) = read_delimited(_Blocks(), "w.csv", size=CHUNK_ROWS)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert batch.table["id"].to_pylist() == ["1", "3"] and batch.rejects[0].line == "3"
    assert peak < 55 << 20


def test_a_file_with_an_endless_first_line_is_a_user_error() -> None:
    for content in (HUGE, f"{HUGE}\n1,2\n"):
        with pytest.raises(UserError, match="not a table"):
            list(read_delimited(io.BytesIO(content.encode()), "w.csv"))
