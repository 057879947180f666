"""Tables that place or group artworks, as arrays with one entry per artwork: layouts, clusters, labels, duplicates."""

import math
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from artsim.archive import UserError
from artsim.web.collection import Collection
from artsim.web.columns import Category, category_of, label
from artsim.web.overlap import without_overlap

BY_ID = "grid"  # a layout that always exists, unless the archive has its own of this name
_ABSENT = -2  # the cluster of an artwork that was not clustered


class Groups:
    """Reads the tables of a collection's archive when they are first needed, and keeps them."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection
        self.places = lru_cache(maxsize=16)(self._places)
        self.clusters = lru_cache(maxsize=16)(self._clusters)
        self.label = lru_cache(maxsize=32)(self._label)
        self.duplicates = lru_cache(maxsize=8)(self._duplicates)
        self.layout_names = self._finished("layouts")
        self.cluster_names = self._finished("clusters")
        self.duplicate_names = self._finished("duplicates")
        self.labels = {name: tasks for name in self._finished("labels", "_card.json") if (tasks := self._tasks(name))}
        self.topics = self._finished("topics")

    def described(self) -> dict[str, Any]:
        """What the page lists: layouts, clusters, labels, topics and duplicates."""
        by_id = {"name": BY_ID, "method": "id", "kind": "grid", "label": "By id"}
        layouts: list[dict[str, Any]] = [] if BY_ID in self.layout_names else [by_id]
        for name in self.layout_names:
            method = self._about("layouts", name).get("settings", {}).get("method", "map")
            kind = "grid" if method == "grid" else "map"
            layouts.append(
                {
                    "name": name,
                    "method": method,
                    "kind": kind,
                    "label": label(name) + ("" if method in name else f" ({method})"),
                }
            )
        clusters = []
        for name in self.cluster_names:
            numbers = self.clusters(name)
            method = self._about("clusters", name).get("query", {}).get("method", "")
            count, noise = int(numbers.max(initial=-1)) + 1, int((numbers == -1).sum())
            clusters.append({"name": name, "method": method, "count": count, "noise": noise})
        return {
            "layouts": layouts,
            "clusters": clusters,
            "labels": [{"name": name, "tasks": tasks} for name, tasks in self.labels.items()],
            "topics": self.topics,
            "duplicates": self.duplicate_names,
        }

    def cluster_info(self, name: str) -> list[dict[str, Any]]:
        """The description of each cluster that has a shown artwork, with exemplars as numbers.

        It is the one that jobs.cluster stored. If a cluster has artworks that are not shown, it is computed again
        without them, since its words and counts would reveal them.
        """
        clusters = self.clusters(name)
        sizes = np.bincount(clusters[clusters >= 0])
        stored = self._collection.archive.store.read_json(f"clusters/{name}/_clusters.json") or []
        if self._collection.public_only:
            stored = self._described_again(stored, clusters)
        info = []
        for entry in stored:
            size = int(sizes[entry["cluster"]]) if entry["cluster"] < len(sizes) else 0
            shown = self._collection.numbers(entry.get("exemplars", []))
            if size:
                info.append({**entry, "size": size, "exemplars": [int(n) for n in shown if n >= 0]})
        return info

    def _described_again(self, stored: list[dict[str, Any]], clusters: np.ndarray) -> list[dict[str, Any]]:
        from artsim.clusters.describe import Exemplars, describe  # imports pandas

        members = np.flatnonzero(clusters >= 0)
        row_of = np.full(len(clusters), -1)
        row_of[members] = np.arange(len(members))
        exemplars: list[np.ndarray] = [np.empty(0, np.int64)] * (int(clusters.max(initial=-1)) + 1)
        for entry in stored:
            numbers = self._collection.numbers(entry.get("exemplars", []))
            if entry["cluster"] < len(exemplars):
                exemplars[entry["cluster"]] = row_of[numbers[numbers >= 0]]
        ids = np.array(self._collection.ids.take(pa.array(members)).to_pylist(), object)
        main = np.zeros(len(exemplars), np.int64)
        typical = Exemplars(main, exemplars, np.zeros(len(members), np.float32))
        return describe(self._collection.archive, ids, clusters[members], typical)

    def memberships(self, number: int) -> list[dict[str, Any]]:
        """The cluster of an artwork in each clustering that has it."""
        memberships = ((name, int(self.clusters(name)[number])) for name in self.cluster_names)
        return [{"name": name, "cluster": cluster} for name, cluster in memberships if cluster >= 0]

    def labels_of(self, number: int) -> list[dict[str, Any]]:
        """What the label heads say about an artwork: table, task, label, probability."""
        return self._rows_of("labels", self.labels, number)

    def topics_of(self, number: int) -> list[dict[str, Any]]:
        """The rows of an artwork in each table of topics."""
        return self._rows_of("topics", self.topics, number)

    def _rows_of(self, folder: str, names: Iterable[str], number: int) -> list[dict[str, Any]]:
        archive, wanted = self._collection.archive, [self._collection.id(number)]
        return [
            {"name": name, **row}
            for name in names
            for *_, rows in archive.table(f"{folder}/{name}").located(wanted)
            for row in rows.drop_columns("id").to_pylist()
        ]

    def _finished(self, folder: str, last: str = "_about.json") -> list[str]:
        """The tables of a folder that are whole: the file ``last`` is written last."""
        archive = self._collection.archive
        return [name for name in archive.names(folder) if archive.store.exists(f"{folder}/{name}/{last}")]

    def _about(self, folder: str, name: str) -> dict[str, Any]:
        about = self._collection.archive.read_json(f"{folder}/{name}/_about.json")
        return about if isinstance(about, dict) else {}

    def _places(self, name: str) -> np.ndarray:
        """Places of the artworks, float32 (n, 2), from 0 to 1 on the longer side, y down; NaN where there is none."""
        count = len(self._collection)
        if name == BY_ID and name not in self.layout_names:
            columns = max(math.ceil(math.sqrt(count * 1.5)), 1)
            rows = np.arange(count)
            return scaled(np.stack([rows % columns, rows // columns], axis=1).astype(np.float32))
        places = np.full((count, 2), np.nan, np.float32)
        table = self._collection.archive.table(f"layouts/{name}")
        for numbers, rows in self._collection.placed(table, ["x", "y"]):
            places[numbers] = np.stack([rows["x"].to_numpy(), rows["y"].to_numpy()], axis=1)
        if self._about("layouts", name).get("settings", {}).get("method") == "grid":
            return scaled(places)
        places[:, 1] *= -1  # y of a map grows upwards, as in its pictures
        return scaled(without_overlap(scaled(places)))

    def _clusters(self, name: str) -> np.ndarray:
        """Cluster of each artwork, int32 (n,): -1 is noise, -2 means that it was not clustered."""
        clusters = np.full(len(self._collection), _ABSENT, np.int32)
        table = self._collection.archive.table(f"clusters/{name}")
        for numbers, rows in self._collection.placed(table, ["cluster"]):
            clusters[numbers] = rows["cluster"].to_numpy()
        return clusters

    def _duplicates(self, name: str) -> list[dict[str, Any]]:
        """Groups of two or more shown artworks, largest confidence last, so that doubtful ones come first."""
        groups: dict[int, list[dict[str, Any]]] = {}
        columns = ["group", "confidence", "representative"]
        table = self._collection.archive.table(f"duplicates/{name}")
        for numbers, rows in self._collection.placed(table, columns):
            for number, row in zip(numbers.tolist(), rows.to_pylist(), strict=True):
                groups.setdefault(row.pop("group"), []).append({"n": number, **row})
        duplicates = [
            {"group": group, "confidence": min(member["confidence"] for member in members), "members": members}
            for group, members in groups.items()
            if len(members) > 1
        ]
        for entry in duplicates:
            entry["members"].sort(key=lambda member: (not member["representative"], -member["confidence"]))
        return sorted(duplicates, key=lambda entry: (entry["confidence"], entry["group"]))

    def _tasks(self, name: str) -> list[str]:
        tasks: set[str] = set()
        for rows in self._collection.archive.table(f"labels/{name}").scan(["task"]):
            tasks |= set(rows["task"].unique().to_pylist())
        return sorted(tasks - {None})

    def _label(self, name: str, task: str) -> Category:
        """The label of each artwork for a task; missing where the head abstained."""
        if task not in self.labels.get(name, ()):
            raise UserError(f"labels/{name}: it has no task {task[:100]}")
        texts = np.full(len(self._collection), None, object)
        table = self._collection.archive.table(f"labels/{name}")
        for numbers, rows in self._collection.placed(table, ["task", "label", "abstained"]):
            wanted = np.asarray(pc.equal(rows["task"], task)) & ~np.asarray(pc.fill_null(rows["abstained"], False))
            texts[numbers[wanted]] = np.array(rows["label"].to_pylist(), object)[wanted]
        return category_of(pa.chunked_array([pa.array(texts, pa.string())]))


def scaled(places: np.ndarray) -> np.ndarray:
    """Moves places (n, 2) to between 0 and 1 on the longer side, with their proportions; NaN stays."""
    finite = places[np.isfinite(places).all(axis=1)].astype(np.float64)
    if not len(finite):
        return places.astype(np.float32)
    low, high = finite.min(axis=0), finite.max(axis=0)
    longest = float((high - low).max()) or 1.0
    return ((places - low) / longest).astype(np.float32)
