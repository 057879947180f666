"""Approximate search: candidates come from an index, their order from exact distances."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from scipy.spatial.distance import cdist

from artsim.archive import public_ids
from artsim.space.features import Space
from artsim.space.index import Index
from artsim.space.search import Nearest, search

_EXTRA_CANDIDATES = 10  # candidates beyond k and the query's own
_MAX_CANDIDATES = 5_000  # candidates per query, beyond which the exact search is not much slower


def search_index(
    index: Index,
    space: Space,
    queries: np.ndarray,
    k: int,
    *,
    metric: str,
    public_only: bool = False,
    but_not: np.ndarray | None = None,
) -> tuple[Nearest, dict[str, int]]:
    """Finds about the k nearest vectors to each query, float32 (q, d), as ``artsim.space.search.search`` does.

    Protected, removed and excluded artworks and the query's own are left out after the index has answered, so more
    candidates than k are fetched, four times as many whenever too few remain. Queries that still lack results, and
    those without a direction, are searched exactly. Also returns, for the report, the most candidates fetched for a
    query and the number of queries searched exactly.
    """
    allowed = pd.notna(index.ids)
    if public_only:
        catalog = space.archive.table("catalog")
        public = pa.concat_arrays([public_ids(catalog, shard) for shard in range(space.archive.shards)])
        allowed &= np.asarray(pc.is_in(pa.array(index.ids, pa.string()), value_set=public))
    if space.without:
        excluded = pa.array(list(space.without), pa.string())
        allowed &= ~np.asarray(pc.is_in(pa.array(index.ids, pa.string()), value_set=excluded))
    own = np.full(len(queries), None) if but_not is None else but_not
    ids = np.full((len(queries), k), None, dtype=object)
    distances = np.full((len(queries), k), np.nan)
    is_nonzero = queries.any(axis=1) if metric == "cosine" else np.ones(len(queries), bool)
    pending, exact_queries = np.flatnonzero(is_nonzero), np.flatnonzero(~is_nonzero).tolist()
    fetched, count = 0, k + 1 + _EXTRA_CANDIDATES
    while len(pending) and count <= max(_MAX_CANDIDATES, k + 1 + _EXTRA_CANDIDATES):
        fetched, unanswered = count, []
        for query, keys in zip(pending, index.nearest(queries[pending], count), strict=True):
            keys = keys[allowed[keys] & (index.ids[keys] != own[query])]
            if len(keys) < k:
                unanswered.append(query)
                continue
            lengths = cdist(queries[query][None], index.vectors(keys), metric)[0]
            order = np.lexsort((index.ids[keys].astype(str), lengths))[:k]
            ids[query], distances[query] = index.ids[keys[order]], lengths[order]
        pending = np.array(unanswered, dtype=np.intp)
        if count >= len(index.ids):
            break
        count *= 4
    exact_queries += pending.tolist()
    width = k
    if exact_queries:
        nearest = search(
            space.blocks(public_only=public_only), queries[exact_queries], k, metric=metric, but_not=own[exact_queries]
        )
        width = nearest.ids.shape[1]
        ids[exact_queries, :width], distances[exact_queries, :width] = nearest.ids, nearest.distances
    return Nearest(ids[:, :width], distances[:, :width]), {"fetched": fetched, "searched_exactly": len(exact_queries)}
