"""Features of one or more backbones as one matrix: joined by id, stacked, reduced by PCA, streamed by partition."""

import copy
import difflib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from artsim.archive import Archive, UserError, public_ids
from artsim.metrics.vectors import unit_length
from artsim.space.sample import sample

_LARGEST, _SMALLEST = 1e15, 1e-15  # limits of values to fit, so that sums of squares stay in float32
_FIT_ROWS = 20_000  # vectors that a PCA is fitted on, sampled from the whole table
_SPEC = re.compile(r"(?P<name>.+?)(:(?P<pca>[0-9.]+))?")

Block = tuple[np.ndarray, np.ndarray]  # ids, object of shape (n,), and vectors, float32 of shape (n, d)


@dataclass(frozen=True)
class Spec:
    """``NAME[:PCA]``: a table below ``features/``; ``pca`` is a number of components, a share of variance, or None."""

    name: str
    pca: int | float | None


def parse_spec(text: str) -> Spec:
    """Parses ``NAME[:PCA]``. Raises ``UserError`` unless PCA is a number of components or a share below 1."""
    match = _SPEC.fullmatch(text)
    if match is None:
        raise UserError(f"`features` {text!r}: must be NAME or NAME:PCA")
    if match["pca"] is None:
        return Spec(text, None)
    try:
        value = int(match["pca"]) if match["pca"].isdigit() else float(match["pca"])
    except ValueError:
        value = -1
    if value <= 0 or (isinstance(value, float) and value >= 1):
        raise UserError(f"`features` {text}: {match['pca']} must be a number of components or a share such as 0.9")
    return Spec(match["name"], value)


@dataclass(frozen=True)
class Pca:
    """A fitted PCA: ``mean`` (d,) and ``matrix`` (d, c), float32. The matrix includes the whitening."""

    mean: np.ndarray
    matrix: np.ndarray

    def __call__(self, vectors: np.ndarray) -> np.ndarray:
        """Projects vectors (n, d) to their components (n, c), float32."""
        return (vectors - self.mean) @ self.matrix


class Space:
    """The vector space of one or more features of an archive.

    A single feature is used as it is. Several are each scaled to unit length and concatenated, so that each counts the
    same in cosine and euclidean distance. PCA is fitted on a seeded sample of the archive, where ``whiten`` gives each
    component variance 1; alternatively, ``pcas`` holds a fitted PCA (or None) for each spec. ``without`` are ids to
    leave out everywhere but in ``find``. Can be pickled.
    """

    def __init__(
        self,
        archive: Archive,
        specs: Sequence[str],
        seed: int = 0,
        *,
        whiten: bool = False,
        pcas: Sequence[Pca | None] | None = None,
        without: frozenset[str] = frozenset(),
    ) -> None:
        self.archive = archive
        self.without = frozenset[str]()
        self.seed = seed
        self.specs = [parse_spec(text) for text in specs]
        known = archive.names("features")
        for spec in self.specs:
            if spec.name not in known:  # a name, never a path
                name, colon, rest = spec.name.rpartition(":")
                if colon and name in known:
                    raise UserError(
                        f"`features` {spec.name[:100]}: {rest} is no number of components or share such as 0.9"
                    )
                near = difflib.get_close_matches(spec.name, known, 1)
                if near:
                    raise UserError(f"`features` {spec.name[:100]}: no such features; did you mean {near[0]}?")
                available = ", ".join(known) or "none yet; create them with jobs.extract"
                raise UserError(f"`features` {spec.name[:100]}: the archive has no such features; it has {available}")
        self.tables = [archive.table(f"features/{spec.name}") for spec in self.specs]
        self.pcas = list(pcas) if pcas is not None else self._fit(seed, whiten)
        self.without = without  # the PCA is that of all rows, whatever is left out

    def including_all(self) -> "Space":
        """Returns this space including the ids that it leaves out."""
        space = copy.copy(self)
        space.without = frozenset()
        return space

    @property
    def name(self) -> str:
        """The specs as one word, to name tables and files made from this space."""
        return "-".join(f"{spec.name}{'' if spec.pca is None else f'~{spec.pca}'}" for spec in self.specs)

    @property
    def plain_name(self) -> str:
        """The specs in letters, digits, _ . and -, to name what a user names too."""
        return "".join(c if c.isascii() and (c.isalnum() or c in "_.-") else "-" for c in self.name)

    @property
    def title(self) -> str:
        """The specs as a person wrote them."""
        return " + ".join(f"{spec.name}{'' if spec.pca is None else f':{spec.pca}'}" for spec in self.specs)

    def parts(self) -> list[tuple[int, str]]:
        """Returns shard and name of every partition that all features have."""
        partitions = []
        for shard in range(self.archive.shards):
            common = set.intersection(*(set(table.parts(shard)) for table in self.tables))
            partitions += [(shard, part) for part in sorted(common)]
        return partitions

    def blocks(self, *, public_only: bool = False, parts: Sequence[tuple[int, str]] | None = None) -> Iterator[Block]:
        """Yields ids and matrix of each partition, or of each in ``parts``.

        Leaves out rows whose vector is missing or holds NaN or infinity.
        """
        for shard, part in self.parts() if parts is None else parts:
            allowed = set(public_ids(self.archive.table("catalog"), shard).to_pylist()) if public_only else None
            ids, raw = self._read(shard, part)
            if allowed is not None:
                keep = np.fromiter((identifier in allowed for identifier in ids), bool, len(ids))
                ids, raw = ids[keep], [matrix[keep] for matrix in raw]
            if len(ids):
                yield ids, self.project(raw)

    def matrix(self, *, public_only: bool = False) -> Block:
        """Returns the ids and vectors of the whole archive, which must fit into memory."""
        return _joined(self.blocks(public_only=public_only))

    def sample(self, rows: int, seed: int) -> Block:
        """Returns ids and vectors of random partitions, at least ``rows`` in all, or of the whole archive."""
        return _joined((ids, self.project(raw)) for ids, raw in self._sample(rows, seed) if len(ids))

    def _sample(self, rows: int, seed: int) -> Iterator[tuple[np.ndarray, list[np.ndarray]]]:
        return sample(self.parts(), self._read, lambda block: len(block[0]), rows, np.random.default_rng(seed))

    def find(self, ids: Sequence[str]) -> np.ndarray:
        """The vectors of these ids, float32 of shape (n, d). Raises ``UserError`` naming the first id without one."""
        raw = []
        for spec, table in zip(self.specs, self.tables, strict=True):
            rows = table.find(ids, ["id", "vector"])
            positions = (
                {}
                if rows is None
                else {row_id: i for i, row_id in enumerate(rows.filter(rows["vector"].is_valid())["id"].to_pylist())}
            )
            for identifier in ids:
                if identifier not in positions:
                    raise UserError(f"{identifier}: {_why_missing(self.archive, identifier, spec.name)}")
            assert rows is not None
            raw.append(_matrix(rows))
            finite = np.isfinite(raw[-1]).all(axis=1)
            if not finite.all():
                bad_id = rows["id"][int(np.argmin(finite))].as_py()
                raise UserError(
                    f"{bad_id}: its vector in features/{spec.name} contains NaN or infinity; "
                    f"delete features/{spec.name} and run jobs.extract again"
                )
        return self.project(raw)

    def project(self, raw: Sequence[np.ndarray]) -> np.ndarray:
        """Maps the backbones' vectors, one matrix per spec, to this space."""
        out = []
        for matrix, pca in zip(raw, self.pcas, strict=True):
            values = matrix if pca is None else pca(matrix)
            out.append(unit_length(values) if len(self.specs) > 1 else values)
        return out[0] if len(out) == 1 else np.concatenate(out, axis=1)

    def _read(self, shard: int, part: str) -> tuple[np.ndarray, list[np.ndarray]]:
        """Returns the ids with a finite vector in every feature, and their matrices, in the first feature's order."""
        tables = []
        for table in self.tables:
            rows = table.read(shard, part, ["id", "vector"])
            tables.append(rows.filter(pc.is_valid(rows["vector"])))
        ids = tables[0]["id"]
        for rows in tables[1:]:
            ids = ids.filter(pc.is_in(ids, value_set=rows["id"].combine_chunks()))
        aligned = [rows.take(pc.index_in(ids, value_set=rows["id"].combine_chunks())) for rows in tables]
        matrices = [_matrix(rows) for rows in aligned]
        finite = np.logical_and.reduce([np.isfinite(matrix).all(axis=1) for matrix in matrices])
        if not finite.all():
            matrices = [matrix[finite] for matrix in matrices]
        names = np.array(ids.to_pylist(), dtype=object)[finite]
        if self.without:
            kept = np.fromiter((name not in self.without for name in names), bool, len(names))
            names, matrices = names[kept], [matrix[kept] for matrix in matrices]
        return names, matrices

    def _fit(self, seed: int, whiten: bool) -> list[Pca | None]:
        if all(spec.pca is None for spec in self.specs):
            return [None] * len(self.specs)
        blocks = list(self._sample(_FIT_ROWS, seed))
        taken = sum(len(ids) for ids, _ in blocks)
        if taken < 2:
            names = " ".join(spec.name for spec in self.specs)
            raise UserError(f"`features` {names}: {taken} vectors are too few for a PCA")
        pcas: list[Pca | None] = []
        for index, spec in enumerate(self.specs):
            if spec.pca is None:
                pcas.append(None)
                continue
            matrix = np.concatenate([raw[index] for _, raw in blocks])
            _check_varies(matrix, spec.name)
            if spec.pca > min(matrix.shape):
                raise UserError(
                    f"`features` {spec.name}:{spec.pca}: too many components for {matrix.shape[0]} vectors "
                    f"of length {matrix.shape[1]}"
                )
            pcas.append(fit_pca(matrix, spec.pca, seed, whiten))
        return pcas


def _joined(blocks: Iterable[Block]) -> Block:
    ids, vectors = list[np.ndarray](), list[np.ndarray]()
    for names, matrix in blocks:
        ids.append(names)
        vectors.append(matrix)
    if not ids:
        return np.empty(0, object), np.empty((0, 0), np.float32)
    return np.concatenate(ids), np.concatenate(vectors)


def check_learnable(vectors: np.ndarray, name: str) -> None:
    """Raises ``UserError`` if nothing can be fitted to these vectors (n, d) of the features ``name``."""
    if not np.isfinite(vectors).all():
        raise UserError(f"`features` {name}: the vectors contain NaN or infinity")
    _check_varies(vectors, name)


def _check_varies(matrix: np.ndarray, name: str) -> None:
    """Raises ``UserError`` if finite vectors are all the same, or too large or small to square in float32."""
    largest = float(np.abs(matrix).max())
    spread = float((matrix.max(axis=0).astype(np.float64) - matrix.min(axis=0)).max())
    if spread <= 4 * np.finfo(np.float32).eps * largest:
        raise UserError(f"`features` {name}: all {len(matrix)} vectors are the same; nothing can be fitted to them")
    if largest > _LARGEST:
        raise UserError(f"`features` {name}: values up to {largest:.0e} are too large to compute with")
    if spread < _SMALLEST:
        raise UserError(f"`features` {name}: differences of at most {spread:.0e} are too small to compute with")


def fit_pca(matrix: np.ndarray, components: int | float, seed: int, whiten: bool = False) -> Pca:
    """Fits a PCA of a number of components, or of a share of the variance, to a matrix (n, d)."""
    from sklearn.decomposition import PCA

    fitted = PCA(components, random_state=seed).fit(matrix)
    variance = np.maximum(fitted.explained_variance_, 1e-6 * fitted.explained_variance_[0])
    scale = np.sqrt(variance) if whiten else 1.0
    kept = (fitted.mean_, fitted.components_.T / scale)
    return Pca(*(np.ascontiguousarray(values, np.float32) for values in kept))


def _matrix(rows: pa.Table) -> np.ndarray:
    column = rows["vector"].combine_chunks()
    return column.flatten().to_numpy(zero_copy_only=False).reshape(len(column), column.type.list_size)


def _why_missing(archive: Archive, identifier: str, name: str) -> str:
    """Tells the user why an id has no vector."""
    if archive.table("catalog").find([identifier], ["id"]) is None:
        example = next((rows["id"][0].as_py() for rows in archive.table("catalog").scan(["id"]) if len(rows)), None)
        return "no such id in the catalog" + (f"; ids look like {example}" if example else "")
    image = archive.table("images").find([identifier], ["id", "status", "detail"])
    if image is None:
        return "its image has not been fetched yet; run jobs.scrape"
    status, detail = image["status"][0].as_py(), image["detail"][0].as_py()
    if status != "ok":
        return f"it has no image: {status}, {detail}"
    return f"features/{name} has no vector of it; run jobs.extract, or read its error in that table"
