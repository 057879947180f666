"""An archive in an S3 bucket: atomic writes, no leaked credentials, few requests, clear error messages."""

import pickle
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from artsim.archive import Archive, Store, UserError, features
from artsim.archive import s3 as s3_of_store
from tests.made import add_features, make_archive, named
from tests.s3 import BUCKET, KEY, SECRET, Asked, S3Server

URI = f"s3://{BUCKET}/archive"
_LARGE = 25_000_000  # bytes: three parts of an upload


@pytest.fixture
def store(s3: S3Server) -> Store:
    store = Store.open(URI)
    store.write_json("file.json", "old")
    return store


def test_an_archive_in_a_bucket_is_an_archive_as_any(s3: S3Server) -> None:
    archive = make_archive(URI, named(30))
    add_features(archive, "dots", {image_id: [1.0, 2.0] for image_id in named(30)})
    reopened = pickle.loads(pickle.dumps(Archive.open(f"{URI}/")))
    assert (reopened.shards, reopened.table("catalog").count(), reopened.names("")) == (
        3,
        30,
        ["archive.json", "catalog", "features", "images"],
    )
    table = reopened.table("features/dots", features(2))
    rows = table.read(0, "p0-00000")
    table.merge(0, "p0-00000", rows.slice(0, 1).set_column(2, "error", pa.array(["gone"])))
    assert Counter(table.read(0, "p0-00000")["error"].to_pylist()) == {None: len(rows) - 1, "gone": 1}
    listed, images = reopened.table("images").listed(), reopened.table("images")
    assert [listed.parts(shard) for shard in range(3)] == [images.parts(shard) for shard in range(3)]
    reopened.remove("images")
    assert not reopened.has_table("images")
    assert reopened.read_json("nothing.json") is None


def test_an_address_may_say_where_the_server_is(s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    place = s3.url.removeprefix("http://")
    store = Store.open(f"{URI}?scheme=http&endpoint_override={place}")
    store.write_json("folder/file.json", 1)
    inner = Store.open(store.address("folder"))
    assert inner.read_json("file.json") == 1


def test_an_error_of_the_writer_or_of_its_draft_leaves_the_old_file(store: Store, tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), store.replace("file.json") as draft:
        Path(draft).write_text('"half of the n')
        raise ZeroDivisionError
    for spoil in (lambda draft: None, lambda draft: draft.symlink_to(tmp_path)):
        with pytest.raises(OSError), store.replace("file.json") as draft:
            Path(draft).unlink()
            spoil(Path(draft))
    assert store.read_json("file.json") == "old"


@pytest.mark.parametrize("refused", ["uploads", "partNumber=2", "uploadId", ""])
def test_an_upload_that_fails_in_the_middle_leaves_the_old_file(store: Store, s3: S3Server, refused: str) -> None:
    """S3 refuses the start, a part or the end of an upload, or the only request of a small file. A retry succeeds."""
    size = _LARGE if refused else 10
    s3.trouble = lambda asked: 403 if asked.method in ("POST", "PUT") and refused in asked.query else None
    with pytest.raises(OSError, match=r"file\.json"), store.replace("file.json") as draft:
        Path(draft).write_bytes(b"7" * size)
    s3.trouble = lambda asked: None
    assert store.read_json("file.json") == "old"
    with store.replace("file.json") as draft:
        Path(draft).write_bytes(b"7" * size)
    assert store.open_input("file.json").size() == size


def test_a_writer_killed_in_the_middle_of_an_upload_leaves_the_old_file(store: Store, s3: S3Server) -> None:
    arrived, killed = threading.Event(), threading.Event()

    def trouble(asked: Asked) -> None:
        if "partNumber=3" in asked.query:
            arrived.set()
            killed.wait(10)

    s3.trouble = trouble
    write = (
        "with Store.open(sys.argv[1]).replace('file.json') as draft: Path(draft).write_bytes(bytes(int(sys.argv[2])))"
    )
    script = f"import sys\nfrom pathlib import Path\nfrom artsim.archive import Store\n{write}"
    with subprocess.Popen([sys.executable, "-c", script, URI, str(_LARGE)]) as writer:
        assert arrived.wait(20)
        writer.kill()
    killed.set()
    time.sleep(0.2)
    assert store.read_json("file.json") == "old"
    assert not any(asked.method == "POST" and "uploadId" in asked.query for asked in s3.asked)


@pytest.mark.slow
def test_what_goes_to_workers_has_no_credentials_and_is_as_patient(store: Store, s3: S3Server) -> None:
    sent = pickle.dumps(store)
    assert KEY.encode() not in sent
    assert SECRET.encode() not in sent
    for method in ("HEAD", "GET"):  # Arrow itself retries for half a second or not at all
        s3.fails_for(2.0, only=method)
        assert pickle.loads(sent).read_json("file.json") == "old"


@pytest.mark.parametrize(
    "place", [f"{KEY}:{SECRET}@museum", f"{KEY}:{SECRET.replace('/', '')}@museum", f"{KEY}@museum"]
)
def test_credentials_in_an_address_are_refused_and_not_repeated(place: str) -> None:
    with pytest.raises(UserError, match="AWS_SECRET_ACCESS_KEY") as caught:
        Store.open(f"s3://{place}/archive")
    assert KEY not in str(caught.value)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("uri", "words"),
    [
        ("s3://nobody/archive", "s3://nobody: this bucket does not exist"),
        ("s3://", "the bucket is missing"),
        (f"s3://{BUCKET}/archive?secret_key={SECRET}", "must be s3://bucket/folder"),
    ],
)
def test_an_address_that_can_not_be_is_said(s3: S3Server, uri: str, words: str) -> None:
    with pytest.raises(UserError, match=words) as caught:
        Store.open(uri)
    assert SECRET not in str(caught.value)


def test_that_nobody_answers_is_said_at_once(s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    clients: list[dict[str, Any]] = []
    real = s3_of_store.S3
    monkeypatch.setattr(s3_of_store, "S3", lambda **options: clients.append(options) or real(**options))
    with pytest.raises(UserError, match=r"S3 does not answer at http://127\.0\.0\.1:9; check AWS_ENDPOINT_URL"):
        Store.open(URI)
    assert [options["retries"] for options in clients] == [3]  # a quick check, with fewer retries than a run


def test_a_small_file_is_one_request_to_write_and_two_to_read(store: Store, s3: S3Server) -> None:
    for act, requests in (
        (lambda: store.write_json("new/file.json", 1), {"PUT": 1}),
        (lambda: store.read_json("new/file.json"), {"HEAD": 1, "GET": 1}),
        (lambda: store.read_json("new/none.json"), {"HEAD": 1}),
    ):
        s3.asked.clear()
        act()
        assert s3.counted() == requests


def test_a_file_that_is_removed_while_it_is_read_is_missing(store: Store, s3: S3Server) -> None:
    """Arrow reports it with the error of an outage, which is waited for."""
    store.write_json("file.json", 1)

    def remove_before_it_is_sent(request: Asked) -> None:
        if request.method == "GET":
            s3.trouble = lambda _: None
            store.remove_file("file.json")

    s3.trouble = remove_before_it_is_sent
    s3.asked.clear()
    assert store.read_json("file.json") is None
    assert s3.counted()["GET"] == 1
