"""An archive from Python: its tables as Arrow and pandas, and each job as a method with its command-line options."""

import importlib
import pkgutil
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

import jobs
from artsim.archive import Archive, Table, UserError, features
from artsim.archive.inventory import table_names
from artsim.space.features import Space

if TYPE_CHECKING:
    import pandas as pd

_WITHOUT_ARCHIVE = ("demo", "pipeline")  # they take a file or make an archive of their own


class OpenedArchive:
    """An archive that was opened with ``artsim.open``.

    ``archive["catalog"]`` is a table. Each job is a method that takes the options of its command line as keyword
    arguments and returns the report: ``archive.neighbors(features=["eye"], id=["sample:shen-mountain-1"], k=5)``. The
    action of a job that has several comes first: ``archive.annotations("check")``. An option whose name is a Python
    keyword ends with an underscore: ``archive.walk(from_=..., to=...)``.
    """

    def __init__(self, uri: str) -> None:
        self._archive = Archive.open(uri)

    @property
    def uri(self) -> str:
        """The absolute address."""
        return self._archive.uri

    @property
    def tables(self) -> list[str]:
        """The names of its tables, such as ``catalog``, ``images`` and ``features/efficientnet_lite0``."""
        return table_names(self._archive)

    def __getitem__(self, name: str) -> "OpenedTable":
        if name not in self.tables:
            raise UserError(f"{name}: the archive {self.uri} has no such table; it has {', '.join(self.tables)}")
        return OpenedTable(self._archive.table(name))

    def vectors(self, features: Sequence[str], *, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
        """Returns ids, object of shape (n,), and vectors, float32 of shape (n, d), of one feature or several stacked.

        ``features`` are written as on the command line, such as ``["efficientnet_lite0:128"]``.
        """
        return Space(self._archive, features, seed).matrix()

    def __getattr__(self, name: str) -> Any:
        if name not in _jobs():
            raise AttributeError(f"an archive has no attribute or job {name}; the jobs are {', '.join(_jobs())}")
        job = importlib.import_module(f"jobs.{name}").job

        def run(action: str | None = None, **options: Any) -> dict[str, Any]:
            return job(**({} if action is None else {"action": action}), archive=self.uri, **options)

        run.__name__, run.__doc__ = name, job.help()
        return run

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *_jobs()]

    def __repr__(self) -> str:
        return f"artsim.open({self.uri!r})"


class OpenedTable:
    """A table of an archive. ``columns`` limits what is read; image bytes are most of ``images``."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._schema = table.schema or features(0)  # the length of its vectors is known only from its rows

    def __len__(self) -> int:
        return self._table.count()

    @property
    def columns(self) -> list[str]:
        """The names of its columns."""
        return list(self._schema.names)

    def batches(self, columns: list[str] | None = None) -> Iterator[pa.Table]:
        """Yields the table partition by partition, for tables that do not fit into memory."""
        return self._table.scan(columns)

    def arrow(self, columns: list[str] | None = None) -> pa.Table:
        """Returns the whole table as Arrow."""
        parts = list(self.batches(columns))
        if parts:
            return pa.concat_tables(parts)
        return self._schema.empty_table().select(columns or self.columns)

    def pandas(self, columns: list[str] | None = None) -> "pd.DataFrame":
        """Returns the whole table as a pandas data frame, indexed by ``id`` if that column is read."""
        frame = self.arrow(columns).to_pandas()
        return frame.set_index("id") if "id" in frame else frame


def _jobs() -> list[str]:
    return sorted(module.name for module in pkgutil.iter_modules(jobs.__path__) if module.name not in _WITHOUT_ARCHIVE)
