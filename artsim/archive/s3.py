"""S3 for a batch system: a client that survives outages, no credentials in addresses, readable error messages.

Credentials, region and endpoint come from the same sources as for AWS's tools: environment, ~/.aws, the machine's role.
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

from artsim.errors import ServiceUnavailable, UserError, is_full

SCHEME = "s3://"

_RETRIES = 12  # after 0, 0.05, 0.1, ... 51 s, 102 s in all: enough for an outage of a minute
_CONNECT = 5.0  # seconds to connect
_READ_TIMEOUT_SECONDS = 20.0  # seconds without data from the server
_URI_OPTIONS = ("scheme", "endpoint_override", "tls_ca_file_path")  # options that an address or the environment can set

_ANSWER = re.compile(r"(?P<where>When [^\n]*?: )?(?P<text>AWS Error [^\n]*)")
_ACCESS_DENIED = re.compile(
    r"AWS Error (ACCESS_DENIED|INVALID_ACCESS_KEY|SIGNATURE_DOES|\w*TOKEN|\w+ \(HTTP status 40[13]\))"
)
_KEYS = "the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_PROFILE), ~/.aws or the machine's role"


class S3(pafs.S3FileSystem):
    """Arrow's client with more retries. It holds no credentials; unpickled elsewhere, it uses those of that machine.

    AWS's "standard" strategy would stop after 100 retries in a process, since Arrow never reports a success to it.
    """

    def __init__(self, *, retries: int = _RETRIES, **options: Any) -> None:
        self._options = options
        super().__init__(
            **options,
            connect_timeout=_CONNECT,
            request_timeout=_READ_TIMEOUT_SECONDS,
            retry_strategy=pafs.AwsDefaultS3RetryStrategy(max_attempts=retries),
        )

    def __reduce__(self) -> Any:  # Arrow's own drops the retry strategy
        return partial(S3, **self._options), ()

    @cached_property
    def in_one_request(self) -> "S3":
        """The same client for files below 10 MB: one request on close. Larger files may be left incomplete."""
        return S3(**self._options, allow_delayed_open=True)


def open_s3(uri: str) -> tuple[S3, str]:
    """Returns the client and the path of ``s3://bucket/folder``.

    Raises ``UserError`` if the bucket does not exist, nothing answers, or the address contains credentials. The message
    does not repeat the credentials.
    """
    address = uri.partition("?")[0]
    bucket = address.removeprefix(SCHEME).partition("/")[0]
    if "@" in bucket or ":" in bucket:  # KEY:SECRET@bucket, or its start if the secret has a /
        raise UserError(f"remove the credentials from the bucket address; they are read from {_KEYS}")
    try:
        plain, root = pafs.FileSystem.from_uri(uri)
    except pa.ArrowInvalid as error:
        raise UserError(f"{address}: must be s3://bucket/folder or s3://bucket/folder?region=REGION") from error
    except OSError as error:
        raise UserError(f"{address}: bucket not found or S3 not reachable: {error}") from error
    known = plain.__reduce__()[1][0]
    options = {"region": plain.region, **{name: known[name] for name in _URI_OPTIONS}}
    if not root:
        raise UserError(f"{address}: the bucket is missing; write s3://bucket/folder")
    _knock(bucket, options)
    return S3(**options), root


def _knock(bucket: str, options: dict[str, Any]) -> None:
    """Raises ``UserError`` if the bucket does not exist or no endpoint answers, which retries would not change."""
    try:
        exists = S3(**options, retries=3).get_file_info(bucket).type != pafs.FileType.NotFound
    except OSError as error:  # S3 may refuse this request and still let us open files
        if "NETWORK_CONNECTION" in str(error):
            where = options["endpoint_override"] or f"AWS, region {options['region']}"
            raise UserError(f"{SCHEME}{bucket}: S3 does not answer at {where}; check AWS_ENDPOINT_URL") from error
        return
    if not exists:
        raise UserError(f"{SCHEME}{bucket}: this bucket does not exist")


def read_whole(filesystem: pafs.FileSystem, path: str, file: pa.NativeFile) -> pa.Buffer:
    """Reads a whole small file that is open.

    Retries where Arrow does not: after an error whose text is longer than the file.
    Raises FileNotFoundError if the file was removed after it was opened, which Arrow reports with the same error.
    """
    attempt = 0
    while True:
        try:
            return file.read_buffer()
        except OSError as error:
            if "flush response stream" not in str(error) or attempt == _RETRIES:
                raise
            if filesystem.get_file_info(path).type == pafs.FileType.NotFound:
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path) from error
        time.sleep(0.025 * 2**attempt)
        attempt += 1


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yields an error and its causes, including causes that Ray wrapped in another process."""
    current: BaseException | None = error
    for _ in range(10):
        if current is None:
            return
        yield current
        cause = getattr(current, "cause", None)
        current = cause if isinstance(cause, BaseException) else current.__cause__


def in_words(error: Exception, uri: str) -> ServiceUnavailable | UserError | None:
    """Converts a storage error of a job on the archive at ``uri`` to one line; None for an error of another kind.

    Denied access becomes a ``UserError``. S3 errors are recognized by their text, so errors of other processes count
    too. A ``UserError`` or ``ServiceUnavailable`` that Ray wrapped in another process's traceback is returned as it
    was raised there.
    """
    if isinstance(error, UserError) and any(map(is_full, _chain(error))):
        return ServiceUnavailable(f"{error}; free some disk space and run the same command again")  # not a user error
    for cause in _chain(error):
        if isinstance(cause, UserError | ServiceUnavailable) and not hasattr(cause, "cause"):
            return cause if cause is not error else None
        if not isinstance(cause, OSError) or cause.errno is None:
            continue
        where = f"{cause.filename or f'`archive` {uri}'}: {os.strerror(cause.errno)}"
        if is_full(cause):
            return ServiceUnavailable(f"{where}: the disk is full; free some disk space and run the same command again")
        if cause.errno == errno.EISDIR:
            return UserError(f"{where}; a file is expected there; move the folder away")
        if cause.errno == errno.EROFS:
            return UserError(f"{where}; it must be writable")
        if cause.errno in (errno.EACCES, errno.EPERM):
            return UserError(f"{where}; it must be readable and writable for the account that runs this job")
    answer = _ANSWER.search(str(error))
    if answer is None or isinstance(error, UserError | ServiceUnavailable):
        return None
    text = f"`archive` {uri.partition('?')[0]}: {answer['where'] or ''}{answer['text']}"
    if _ACCESS_DENIED.search(text):
        return UserError(f"{text}; credentials come from {_KEYS}")
    return ServiceUnavailable(f"{text}; run the same command again to resume")
