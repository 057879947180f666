"""S3 as a batch system needs it: a client that outlasts an outage, no credentials in addresses, answers in plain words.

Credentials, region and endpoint come from where AWS's own tools take them: environment, ~/.aws, the machine's role.
"""

import errno
import os
import re
import time
from collections.abc import Iterator
from functools import cached_property, partial
from typing import Any

import pyarrow as pa
import pyarrow.fs as pafs

from artsim.mistake import Mistake, Outage, is_full

SCHEME = "s3://"

_RETRIES = 12  # after 0, 0.05, 0.1, ... 51 s, 102 s in all: an outage of a minute is survived, and none is waited for
_CONNECT = 5.0  # seconds until a connection must be there
_SILENCE = 20.0  # seconds that an answer may stand still
_URI_OPTIONS = ("scheme", "endpoint_override", "tls_ca_file_path")  # what an address or the environment may have said

_ANSWER = re.compile(r"(?P<where>When [^\n]*?: )?(?P<text>AWS Error [^\n]*)")
_CLOSED = re.compile(r"AWS Error (ACCESS_DENIED|INVALID_ACCESS_KEY|SIGNATURE_DOES|\w*TOKEN|\w+ \(HTTP status 40[13]\))")
_KEYS = "the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_PROFILE), ~/.aws or the machine's role"


class S3(pafs.S3FileSystem):
    """Arrow's client, more patient. It never holds credentials, so whoever gets it pickled finds those of its machine.

    AWS's "standard" strategy would retry no more after 100 retries of a process, since Arrow never tells it of success.
    """

    def __init__(self, *, retries: int = _RETRIES, **options: Any) -> None:
        self._options = options
        super().__init__(
            **options,
            connect_timeout=_CONNECT,
            request_timeout=_SILENCE,
            retry_strategy=pafs.AwsDefaultS3RetryStrategy(max_attempts=retries),
        )

    def __reduce__(self) -> Any:  # Arrow's own forgets the strategy
        return partial(S3, **self._options), ()

    @cached_property
    def at_once(self) -> "S3":
        """The same for files below 10 MB: each is one request, at the close of its stream. Larger ones may be torn."""
        return S3(**self._options, allow_delayed_open=True)


def open_s3(uri: str) -> tuple[S3, str]:
    """The client and the path of ``s3://bucket/folder``.

    Mistake if there is no such bucket, nobody answers, or the address has credentials in it, which it does not repeat.
    """
    shown = uri.partition("?")[0]
    bucket = shown.removeprefix(SCHEME).partition("/")[0]
    if "@" in bucket or ":" in bucket:  # of KEY:SECRET@bucket as much as stands before a / in the secret
        raise Mistake(f"an address of a bucket with credentials in it: give it without; they come from {_KEYS}")
    try:
        plain, root = pafs.FileSystem.from_uri(uri)
    except pa.ArrowInvalid as error:
        raise Mistake(f"{shown}: not of the form s3://bucket/folder, with region=REGION alone behind a ?") from error
    except OSError as error:
        raise Mistake(f"{shown}: S3 knows no such bucket, or can't be asked: {error}") from error
    known = plain.__reduce__()[1][0]
    options = {"region": plain.region, **{name: known[name] for name in _URI_OPTIONS}}
    if not root:
        raise Mistake(f"{shown}: names no bucket")
    _knock(bucket, options)
    return S3(**options), root


def _knock(bucket: str, options: dict[str, Any]) -> None:
    """Mistake if there is no such bucket, or nobody at the endpoint: nothing that patience would mend."""
    try:
        there = S3(**options, retries=3).get_file_info(bucket).type != pafs.FileType.NotFound
    except OSError as error:  # S3 is there; whether it lets us in to a file is seen when it is opened
        if "NETWORK_CONNECTION" in str(error):
            where = options["endpoint_override"] or f"AWS, region {options['region']}"
            raise Mistake(f"{SCHEME}{bucket}: no S3 answers at {where}; AWS_ENDPOINT_URL says where it is") from error
        return
    if not there:
        raise Mistake(f"{SCHEME}{bucket}: there is no such bucket")


def read_whole(file: pa.NativeFile) -> pa.Buffer:
    """All of a small file. Arrow itself would not ask again after an error whose text is longer than the file."""
    for attempt in range(_RETRIES):
        try:
            return file.read_buffer()
        except OSError as error:
            if "flush response stream" not in str(error):
                raise
            time.sleep(0.025 * 2**attempt)
    return file.read_buffer()


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An error and what it comes from, also where Ray wrapped it on the way from another process."""
    one: BaseException | None = error
    for _ in range(10):
        if one is None:
            return
        yield one
        cause = getattr(one, "cause", None)
        one = cause if isinstance(cause, BaseException) else one.__cause__


def in_words(error: Exception, uri: str) -> Outage | Mistake | None:
    """What S3 answered to a job on the archive at ``uri``, in one line; None if an error is of another kind.

    A Mistake where S3 does not let us in. Errors of other processes tell as well: what counts is the text. A Mistake
    or Outage that Ray brought from another process, wrapped in its traceback, comes out as it was raised there.
    """
    if isinstance(error, Mistake) and any(map(is_full, _chain(error))):
        return Outage(f"{error}; make room, and the same command goes on")  # nothing that the caller got wrong
    for one in _chain(error):
        if isinstance(one, Mistake | Outage) and not hasattr(one, "cause"):
            return one if one is not error else None
        if not isinstance(one, OSError) or one.errno is None:
            continue
        where = f"{one.filename or f'--archive {uri}'}: {os.strerror(one.errno)}"
        if is_full(one):
            return Outage(f"{where}: the disk is full; make room, and the same command goes on")
        if one.errno == errno.EISDIR:
            return Mistake(f"{where}; a file belongs there: move the folder away")
        if one.errno == errno.EROFS:
            return Mistake(f"{where}; it must be writable")
        if one.errno in (errno.EACCES, errno.EPERM):
            return Mistake(f"{where}; it must be readable and writable for the account that runs this job")
    found = _ANSWER.search(str(error))
    if found is None or isinstance(error, Mistake | Outage):
        return None
    text = f"--archive {uri.partition('?')[0]}: {found['where'] or ''}{found['text']}"
    if _CLOSED.search(text):
        return Mistake(f"{text}; credentials come from {_KEYS}")
    return Outage(f"{text}; the same command goes on from here")
