"""In buckets, folder markers and files left behind by desktops are neither images nor rows."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from artsim.archive import Archive
from jobs.catalog import job
from tests.s3 import BUCKET, KEY, SECRET, S3Server

ARCHIVE = f"s3://{BUCKET}/archive"
MARKERS = [
    "scans",
    "scans/",
    "scans_$folder$",
    "scans/room 1",
    "scans/room 1_$folder$",
    "scans/empty",
    "scans/room.2",
    "archive",
    "archive/",
    "archive/catalog",
    "archive/images_$folder$",
]
JUNK = ["scans/.DS_Store", "scans/Thumbs.db", "scans/._a.jpg", "scans/__MACOSX/a.jpg", "scans/room 1/desktop.ini"]
IMAGES = ["scans/a.jpg", "scans/room 1/b+c.jpg"]


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    with S3Server() as s3:
        for name, value in s3.environment.items():
            monkeypatch.setenv(name, value)
        client = boto3.client(
            "s3", endpoint_url=s3.url, region_name="us-east-1", aws_access_key_id=KEY, aws_secret_access_key=SECRET
        )
        for key in MARKERS:
            client.put_object(Bucket=BUCKET, Key=key, Body=b"")
        for key in [*JUNK, *IMAGES]:
            client.put_object(Bucket=BUCKET, Key=key, Body=b"x")
        yield client


def catalog(source: str, location: str, *more: str) -> dict[str, Any]:
    return job.run(["--archive", ARCHIVE, "--source", source, "--location", location, "--shards=1", *more])


@pytest.mark.slow
def test_markers_and_junk_are_skipped(bucket: Any) -> None:
    report = catalog("folder", f"s3://{BUCKET}/scans")
    rows = [row["id"] for table in Archive.open(ARCHIVE).table("catalog").scan() for row in table.to_pylist()]
    assert sorted(rows) == ["scans:a.jpg", "scans:room 1/b+c.jpg"]
    assert report["rows_failed"] == 0
    bucket.put_object(Bucket=BUCKET, Key="scans/works.csv", Body=b"file,title\na.jpg,A\n")
    table = catalog("table", f"s3://{BUCKET}/scans/works.csv", "--as=t", "--twice")
    assert (table["rows_out"], table["rows_failed"]) == (1, 0)
    bucket.put_object(Bucket=BUCKET, Key="scans/works.csv", Body=b"id,image\n1,b+c\n2,a.jpg\n3,c.jpg\n")
    beside = catalog(
        "table", f"s3://{BUCKET}/scans/works.csv", "--as=u", "--twice", "--images", f"s3://{BUCKET}/scans/"
    )
    assert (beside["rows_out"], beside["failures"]) == (2, {"there is no such file": 1})


@pytest.mark.slow
def test_a_marked_folder_of_json_is_a_folder(bucket: Any) -> None:
    for key in ("records", "records/"):
        bucket.put_object(Bucket=BUCKET, Key=key, Body=b"")
    for name in ("a.json", "__MACOSX/._a.json"):
        bucket.put_object(Bucket=BUCKET, Key=f"records/{name}", Body=b'{"id": "1", "image_url": "https://m.org/1.jpg"}')
    report = catalog("table", f"s3://{BUCKET}/records/")
    assert (report["rows_out"], report["rows_failed"]) == (1, 0)
