"""The log of a run, in a file beside its report: every log line with its time, Ray's warnings, and tracebacks."""

import contextlib
import logging
import tempfile
from collections.abc import Iterator
from io import TextIOWrapper
from pathlib import Path

from artsim.archive import Store, UserError
from artsim.summary import printable

_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


@contextlib.contextmanager
def run_log(store: Store, path: str) -> Iterator[None]:
    """Writes the log to ``path`` in the archive while the run lasts; to a bucket when it ends, also after an error.

    There is no file if there are no lines. Failing to write the log never fails the run.
    """
    with contextlib.ExitStack() as stack:
        if store.is_local:
            file = Path(store.root, path)
        else:
            file = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="artsim-log-")), "run.log")
            stack.callback(_upload, store, file, path)
        handler = _RunHandler(file)
        stack.callback(_close, handler, file)
        for logger in (logging.getLogger(), logging.getLogger("ray")):  # Ray's logger does not pass on its lines
            logger.addHandler(handler)
            stack.callback(logger.removeHandler, handler)
        details = logging.getLogger("artsim")
        stack.callback(details.setLevel, details.level)
        details.setLevel(logging.DEBUG)
        try:
            yield
        except UserError:  # one line on the terminal says it all
            raise
        except Exception:
            details.debug("the run failed", exc_info=True)
            raise


class _RunHandler(logging.FileHandler):
    def __init__(self, file: Path) -> None:
        super().__init__(file, encoding="utf-8", delay=True, errors="backslashreplace")
        self.setFormatter(logging.Formatter(_FORMAT))

    def _open(self) -> TextIOWrapper:
        Path(self.baseFilename).parent.mkdir(parents=True, exist_ok=True)
        return super()._open()

    def format(self, record: logging.LogRecord) -> str:
        """Returns the line with control characters escaped, since its titles and addresses come from outside."""
        return "\n".join(map(printable, super().format(record).split("\n")))

    def emit(self, record: logging.LogRecord) -> None:
        """Writes the line, unless the file cannot be made."""
        with contextlib.suppress(OSError):
            super().emit(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  # the name of logging
        """Ignores the error: a full disk or a read-only archive is reported by the run itself."""


def _close(handler: logging.Handler, file: Path) -> None:
    """Closes the log, and removes it if the disk was too full for its first line."""
    with contextlib.suppress(OSError):
        handler.close()
    with contextlib.suppress(OSError):
        if not file.stat().st_size:
            file.unlink()


def _upload(store: Store, file: Path, path: str) -> None:
    if not file.exists():
        return
    with contextlib.suppress(OSError), store.replace(path) as draft:
        Path(draft).write_bytes(file.read_bytes())
