"""The table ``topics/<name>``: the topic of the texts around each artwork; ``_topics.json`` describes the topics.

The topics are fitted once. Artworks that come later get one of them, and no row of another artwork changes.
"""

import contextlib
import hashlib
import logging
from collections import Counter
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from scipy.sparse import csr_matrix, vstack

from artsim.archive import CLUSTERS, TOPICS, Archive, Table, UserError
from artsim.archive.valid_name import check_name
from artsim.enrich.options import TopicOptions
from artsim.enrich.partitions import map_partitions
from artsim.enrich.texts import Artwork, Texts, digest_of
from artsim.enrich.topic_model import TopicModel
from artsim.enrich.topic_sheet import topic_sheet
from artsim.explore.queries import save_picture
from artsim.space.reduction import load_arrays, save_arrays
from artsim.text.languages import language_of
from artsim.text.terms import class_tf_idf, decorrelated_terms, terms_of
from artsim.text.words import words

_METHOD = 1  # changes when the same texts give other topics
_FITTED = 50_000  # different texts that the topics are fitted to
_MAX_CHARACTERS = 50_000  # characters of an artwork's texts that are read
_WORDS, _TYPICAL = 12, 6
_MAX_LISTED = 20  # clusters in the report
_PER_PART = 1_000  # texts of a partition that tell which words occur together
_NAME, _MODEL = "topics", "_model.npz"

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Work:
    """Assigns topics to the artworks of partitions. Can be sent to Ray workers."""

    texts: Texts
    language: str
    model: TopicModel
    table: Table
    made_by: str

    def survey(self, shard: int, part: str) -> dict[str, Any]:
        """Returns the digest of a partition, and the fields that it has."""
        artworks = self.texts.read(shard, part)
        fields = sorted({field for artwork in artworks for field in artwork.texts})
        return {"digest": digest_of(artworks, self.made_by), "artworks": len(artworks), "fields": fields}

    def write(self, shard: int, part: str) -> dict[str, Any]:
        """Writes the topics of a partition; returns its number of artworks."""
        artworks = self.texts.read(shard, part)
        listed = [words_of(artwork, self.language) for artwork in artworks]
        topic, share, _ = self.model.assign(self.model.weights(listed))
        columns = [[artwork.id for artwork in artworks], topic, share]
        rows = pa.table(
            [pa.array(column, kind) for column, kind in zip(columns, TOPICS.types, strict=True)], TOPICS.names
        )
        self.table.write(shard, part, rows, {"work": digest_of(artworks, self.made_by)})
        return {"rows": len(artworks)}


def words_of(artwork: Artwork, language: str) -> list[str]:
    """Returns the words of an artwork's texts that topics are made of, without those of its artist's name."""
    text = "\n".join(artwork.texts.values())[:_MAX_CHARACTERS]
    if language == "auto":
        language = language_of(word.plain for word in words(text))
    return terms_of(text, language, frozenset(word.plain for word in words(artwork.artist)))


def find_topics(archive: Archive, options: TopicOptions) -> dict[str, Any]:
    """Writes ``topics/<name>``; returns the report fields.

    Topics that exist are kept, unless the fields or options have changed, or with ``again``. Raises ``UserError`` if no
    artwork has a field, or there are fewer different texts than topics.
    """
    name = options.name or _NAME
    check_name(name)
    table = archive.table(f"topics/{name}", TOPICS)
    texts = Texts.open(archive, options.text or (), public_only=options.public_only)
    query = {
        **{key: getattr(options, key) for key in ("n", "method", "language", "public_only", "seed")},
        "text": list(options.text or ()),
        "files": [
            hashlib.sha256(repr(sorted(texts_by_id.items())).encode()).hexdigest()
            for texts_by_id in texts.from_file.values()
        ],
        "version": _METHOD,
        "scikit-learn": version("scikit-learn"),
    }
    with archive.lock(table.name):
        return {"table": table.name, **_find(archive, table, texts, query, options)}


def _find(archive: Archive, table: Table, texts: Texts, query: dict[str, Any], options: TopicOptions) -> dict[str, Any]:
    about = archive.read_json(f"{table.name}/_about.json", {"query": dict})
    described = archive.read_json(f"{table.name}/_topics.json", {"topics": list})
    is_new = about is None or described is None or about["query"] != query or options.again
    if is_new:
        model, topics = _fit(texts, options)
        with contextlib.suppress(FileNotFoundError):
            archive.store.remove_file(f"{table.name}/_about.json")
        save_arrays(archive, f"{table.name}/{_MODEL}", model.arrays())
    else:
        advice = "restore it from a copy, or use `again`"
        model = TopicModel.of(load_arrays(archive, f"{table.name}/{_MODEL}", advice))
        topics = described["topics"]
    work = _Work(texts, options.language, model, table, model.digest())
    surveyed = dict(map_partitions(archive, list(texts.parts()), work.survey))
    artworks = sum(result["artworks"] for result in surveyed.values())
    texts.check_found({field for result in surveyed.values() for field in result["fields"]}, artworks)
    for key in [(shard, part) for shard in range(archive.shards) for part in table.parts(shard)]:
        if key not in surveyed:  # the catalog lacks it now
            archive.store.remove_file(table.path(*key))
    pending = [key for key, result in surveyed.items() if table.outcome(*key, result["digest"]) is None]
    done = sum(result["rows"] for _, result in map_partitions(archive, pending, work.write))
    sizes = _sizes(table, len(topics))
    for number, topic in enumerate(topics):
        topic |= {"artworks": int(sizes[number]), "share": round(float(sizes[number]) / max(artworks, 1), 4)}
    archive.write_json(f"{table.name}/_topics.json", {"topics": topics, "without": int(sizes[-1])})
    archive.write_json(f"{table.name}/_about.json", {"query": query, "artworks": artworks, "without": int(sizes[-1])})
    report: dict[str, Any] = {"rows_in": done, "rows_out": done, "rows_failed": 0, "rows_there": artworks - done}
    report |= {"without_topic": int(sizes[-1]), "topics": [_short(topic) for topic in topics]}
    if options.clusters:
        report["clusters"] = _describe_clusters(archive, texts, table, model, options)
    if options.picture:
        save_picture(topic_sheet(archive, table.name, topics), options.picture)
        report["picture"] = str(Path(options.picture).resolve())
    return report


def _fit(texts: Texts, options: TopicOptions) -> tuple[TopicModel, list[dict[str, Any]]]:
    """Fits the topics to different texts of a random sample of partitions; returns the model and the topics."""
    parts = list(texts.parts())
    id_of: dict[tuple[str, ...], str] = {}
    for place in np.random.default_rng(options.seed).permutation(len(parts)):
        for artwork in texts.read(*parts[place]):
            if listed := words_of(artwork, options.language):
                id_of.setdefault(tuple(listed), artwork.id)
        if len(id_of) >= _FITTED:
            break
    documents = sorted(id_of, key=lambda words: id_of[words])
    if len(documents) < options.n:
        raise UserError(f"`n` {options.n}: there are only {len(documents)} different texts; choose fewer topics")
    _log.info("fitting %d topics to %d different texts", options.n, len(documents))
    model = TopicModel.fit(documents, options.n, options.method, options.seed)
    weights = model.weights(documents)
    topic, share, strength = model.assign(weights)
    classes = _grouped(model.counts(documents), topic, len(model.components))
    is_empty = np.asarray(classes.sum(1)).ravel() == 0
    relevance = class_tf_idf(classes) + csr_matrix(model.components * is_empty[:, None])
    terms = decorrelated_terms(csr_matrix(relevance), weights, model.vocabulary.tolist(), _WORDS)
    topics = []
    for number, listed in enumerate(terms):
        members = np.flatnonzero(topic == number)
        order = members[np.lexsort((members, -(share * strength)[members]))][:_TYPICAL]
        topics.append({"topic": number, "words": listed, "typical": [id_of[documents[place]] for place in order]})
    return model, topics


def _grouped(counts: csr_matrix, group: np.ndarray, groups: int) -> csr_matrix:
    """Returns the sums (groups, words) of the rows of ``counts`` (n, words) in each group; -1 is in none."""
    inside = np.flatnonzero(group >= 0)
    indicator = csr_matrix((np.ones(len(inside)), (group[inside], inside)), (groups, len(group)))
    return csr_matrix(indicator @ counts)


def _sizes(table: Table, topics: int) -> np.ndarray:
    """Returns how many artworks have each topic, int (topics + 1,); the last is those without."""
    sizes = np.zeros(topics + 1, np.int64)
    for rows in table.scan(["topic"]):
        topic = rows["topic"].to_numpy()
        sizes += np.bincount(np.where(topic < 0, topics, topic), minlength=topics + 1)
    return sizes


def _describe_clusters(
    archive: Archive, texts: Texts, table: Table, model: TopicModel, options: TopicOptions
) -> list[dict[str, Any]]:
    """Writes what sets the texts of each cluster apart, and returns the largest clusters for the report."""
    name = options.clusters
    if name not in archive.names("clusters"):
        known = ", ".join(archive.names("clusters")) or "none yet"
        raise UserError(f"`clusters` {name}: the archive has no such clustering; it has {known}")
    cluster_of: dict[str, int] = {}
    for rows in archive.table(f"clusters/{name}", CLUSTERS).scan(["id", "cluster"]):
        cluster_of.update(zip(rows["id"].to_pylist(), rows["cluster"].to_pylist(), strict=True))
    groups = max(cluster_of.values(), default=-1) + 1
    totals = csr_matrix((groups, len(model.vocabulary)))
    parts = []
    for key in texts.parts():
        artworks = [artwork for artwork in texts.read(*key) if cluster_of.get(artwork.id, -1) >= 0]
        listed = [words_of(artwork, options.language) for artwork in artworks]
        labels = np.array([cluster_of[artwork.id] for artwork in artworks], np.int64)
        totals = totals + _grouped(model.counts(listed), labels, groups)
        parts.append(model.weights(listed[:_PER_PART]))
    documents = csr_matrix(vstack(parts)) if parts else csr_matrix((0, len(model.vocabulary)))
    terms = decorrelated_terms(class_tf_idf(totals), documents, model.vocabulary.tolist(), _WORDS)
    sizes = Counter(cluster_of.values())
    described = [{"cluster": number, "artworks": sizes[number], "words": listed} for number, listed in enumerate(terms)]
    archive.write_json(f"{table.name}/_clusters.json", {"clustering": name, "clusters": described})
    return [{**described[number], "words": ", ".join(terms[number])} for number in range(min(len(terms), _MAX_LISTED))]


def _short(topic: dict[str, Any]) -> dict[str, Any]:
    """Returns a row of the report's table of topics."""
    shown = {key: topic[key] for key in ("topic", "artworks", "share")}
    return {**shown, "words": ", ".join(topic["words"]), "typical": next(iter(topic["typical"]), None)}
