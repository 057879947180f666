"""Curators' links as constraints: accepted pairs are merged beforehand, rejected pairs are kept apart."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import coo_array, csr_matrix
from scipy.sparse.csgraph import connected_components

from artsim.annotations.links import NEGATIVE, POSITIVE, read_links
from artsim.archive import Archive
from artsim.metrics.clusters import rounded, share_together, together

_MAX_LISTED = 20  # contradictions that a report names


@dataclass(frozen=True)
class Constraints:
    """Pairs of row numbers, int (p, 2): accepted and rejected.

    ``group``, int (n,), is the merged group of each row, by the connected components of the accepted pairs.
    ``contradictory``, bool (p,), marks rejected pairs whose rows a chain of accepted pairs joins: the chain wins.
    """

    accepted: np.ndarray
    rejected: np.ndarray
    group: np.ndarray
    contradictory: np.ndarray

    @property
    def groups(self) -> int:
        """The number of merged groups; a row without an accepted pair is a group of its own."""
        return int(self.group.max(initial=-1)) + 1

    def weights(self) -> np.ndarray:
        """Returns the number of rows of each group, float32 (groups,)."""
        return np.bincount(self.group, minlength=self.groups).astype(np.float32)

    def means(self, vectors: np.ndarray) -> np.ndarray:
        """Returns the mean vector of each group, float32 (groups, d), for ``vectors`` (n, d)."""
        sums = csr_matrix((np.ones(len(vectors)), (self.group, np.arange(len(vectors))))) @ vectors.astype(np.float64)
        return np.ascontiguousarray(sums / self.weights()[:, None], np.float32)

    def cannot_link(self) -> Any:
        """Returns the rejected pairs between groups as a symmetric CSR matrix (groups, groups)."""
        pairs = self.group[self.rejected[~self.contradictory]]
        pairs = np.unique(np.concatenate([pairs, pairs[:, ::-1]]), axis=0)
        return csr_matrix((np.ones(len(pairs), np.int8), pairs.T), shape=(self.groups, self.groups))


def constraints_of(accepted: np.ndarray, rejected: np.ndarray, rows: int) -> Constraints:
    """Merges the accepted pairs of ``rows`` rows; finds the contradictions. Pairs are int (p, 2)."""
    graph = coo_array((np.ones(len(accepted), np.int8), accepted.T), shape=(rows, rows))
    group = connected_components(graph, directed=False)[1]
    return Constraints(accepted, rejected, group, group[rejected[:, 0]] == group[rejected[:, 1]])


def linked_pairs(archive: Archive, ids: np.ndarray) -> tuple[np.ndarray, np.ndarray, int]:
    """Returns accepted and rejected pairs as row numbers of ``ids``, int (p, 2), and how many have no such rows."""
    row_of = {identifier: row for row, identifier in enumerate(ids)}
    missing, kinds = 0, []
    for verdicts in (POSITIVE, NEGATIVE):
        pairs = {tuple(sorted(pair)) for pair in read_links(archive, verdicts)[0] if pair[0] != pair[1]}
        inside = sorted((row_of[a], row_of[b]) for a, b in pairs if a in row_of and b in row_of)
        missing += len(pairs) - len(inside)
        kinds.append(np.array(inside, np.int64).reshape(-1, 2))
    return kinds[0], kinds[1], missing


def constraint_report(labels: np.ndarray, constraints: Constraints, missing: int) -> dict[str, Any]:
    """Returns for the report how many constraints the clustering breaks, and the shares of pairs that it keeps.

    An accepted pair is broken if its rows are not in one cluster, a rejected pair if they are.
    """
    accepted, rejected = constraints.accepted, constraints.rejected
    return {
        "accepted": len(accepted),
        "rejected": len(rejected),
        "without_vectors": missing,
        "contradictory": int(constraints.contradictory.sum()),
        "broken_accepted": int((~together(labels, accepted)).sum()),
        "broken_rejected": int(together(labels, rejected).sum()),
        "accepted_in_one_cluster": rounded(share_together(labels, accepted), 4),
        "rejected_apart": rounded(1 - share_together(labels, rejected), 4),
    }


def contradictions(constraints: Constraints, ids: np.ndarray) -> list[dict[str, str]]:
    """Returns the ids of the first 20 rejected pairs that a chain of accepted pairs joins."""
    pairs = constraints.rejected[constraints.contradictory][:_MAX_LISTED]
    return [{"id_a": str(ids[a]), "id_b": str(ids[b])} for a, b in pairs]
