"""The labeled artworks of an archive that heads learn from: their vectors, labels and groups."""

import hashlib
import json
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from artsim.archive import Archive, UserError, is_public_domain
from artsim.labels.options import LabelsOptions
from artsim.labels.tasks import DATE, Task, columns_of, read_tasks
from artsim.space.features import Space, check_learnable

_MIN_EXAMPLES = 20


@dataclass(frozen=True)
class Examples:
    """Labeled artworks: ids, object (n,), vectors, float32 (n, d), tasks, and the group of each, int64 (n,)."""

    ids: np.ndarray
    vectors: np.ndarray
    tasks: list[Task]
    groups: np.ndarray

    def groups_of(self, *tasks: Task) -> np.ndarray | None:
        """Returns the groups, or None if they say too much about the labels of one of the tasks to be held out.

        That is the case if most artworks have a label that only one group has: training would not know the label.
        """
        return self.groups if all(map(self._can_hold_out, tasks)) else None

    def _can_hold_out(self, task: Task) -> bool:
        rows, labels = np.nonzero(task.targets)
        pairs = np.unique(np.stack([labels, self.groups[rows]], axis=1), axis=0)
        has_groups = np.bincount(pairs[:, 0], minlength=len(task.labels)) > 1
        return bool(has_groups[labels].mean() >= 0.5)


def load_examples(archive: Archive, space: Space, options: LabelsOptions) -> Examples:
    """Reads the artworks that have a vector and a label of any column, at most `limit`, drawn at random.

    Raises ``UserError`` if there are fewer than 20, or nothing can be learned from the columns or vectors.
    """
    candidate_ids = labeled_ids(archive, options)
    if len(candidate_ids) > options.limit:
        kept = np.sort(np.random.default_rng(options.seed).permutation(len(candidate_ids))[: options.limit])
        candidate_ids = candidate_ids.take(pa.array(kept))
    ids, vectors = list[np.ndarray](), list[np.ndarray]()
    for block_ids, rows in space.blocks():
        keep = np.asarray(pc.is_in(pa.array(block_ids, pa.string()), value_set=candidate_ids))
        if keep.any():
            ids.append(block_ids[keep])
            vectors.append(rows[keep])
    count = sum(map(len, ids))
    if count < _MIN_EXAMPLES:
        columns = " ".join(options.columns or ())
        raise UserError(
            f"`columns` {columns}: only {count} artworks have a vector and a label; {_MIN_EXAMPLES} are needed"
        )
    matrix, names = np.concatenate(vectors), np.concatenate(ids)
    check_learnable(matrix, space.title)
    return Examples(names, matrix, *read_tasks(archive, names, options))


def digest(archive: Archive, space: Space, options: LabelsOptions) -> str:
    """Returns a digest of what heads are trained on: the features' images, and the catalog's columns."""
    state = hashlib.sha256()
    for table in space.tables:
        for rows in table.scan(["id", "sha256"]):
            state.update(json.dumps(list(rows.to_pydict().values())).encode())
    for rows in archive.table("catalog").scan(["id", *_catalog_columns(options)]):
        state.update(json.dumps(list(rows.to_pydict().values())).encode("utf-8", "surrogatepass"))
    return state.hexdigest()


def labeled_ids(archive: Archive, options: LabelsOptions) -> pa.Array:
    """Returns the sorted ids of the artworks that have a value in one of the columns, and may be used."""
    columns = [name for name in _catalog_columns(options) if name != "rights"]
    columns = [name for name in columns if name != options.group_by or name in columns_of(options)]
    id_arrays = [pa.array([], pa.string())]
    for rows in archive.table("catalog").scan(["id", "rights", *columns]):
        has_value = np.zeros(len(rows), bool)
        for name in columns:
            has_value |= rows[name].is_valid().to_numpy()
        if options.public_only:
            has_value &= np.array([is_public_domain(rights) for rights in rows["rights"].to_pylist()], bool)
        id_arrays.append(rows["id"].filter(pa.array(has_value)).combine_chunks())
    ids = pa.concat_arrays(id_arrays)
    return ids.take(pc.sort_indices(ids))


def _catalog_columns(options: LabelsOptions) -> list[str]:
    stored = [("year_from", "year_to") if name == DATE else (name,) for name in columns_of(options)]
    return list(dict.fromkeys([*(name for names in stored for name in names), options.group_by, "rights"]))
