"""The table ``names/<name>``: persons of an authority list whom the texts of artworks name.

The list is compared with each catalog partition twice: first to learn whom the archive names in full, which decides
what a family name alone means, then to find all mentions. A partition of the table remembers what it was made from.
"""

import contextlib
import hashlib
import json
from collections import Counter
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pyarrow as pa

from artsim.archive import NAMES, Archive, Table
from artsim.archive.valid_name import check_name
from artsim.enrich.authority import Authority, parse_columns, read_authority
from artsim.enrich.mentions import NO_FULL_NAMES, FullNames, Matcher, Mention
from artsim.enrich.options import NameOptions
from artsim.enrich.partitions import map_partitions
from artsim.enrich.texts import Artwork, Texts, digest_of
from artsim.text.attribution import qualifier

_METHOD = 1  # changes when the same texts give other mentions
_MAX_LISTED = 12  # names in the report
_NAMED_KEYS = {"query": dict, "partitions": dict, "persons": list, "others": list}


@dataclass(frozen=True)
class _Work:
    """Finds whom partitions name, and writes their rows. Can be sent to Ray workers.

    ``known`` has the digests of partitions that were surveyed before, by path.
    """

    texts: Texts
    matcher: Matcher
    authority: Authority
    table: Table
    query: dict[str, Any]
    known: dict[str, str]
    archive: FullNames = NO_FULL_NAMES

    def survey(self, shard: int, part: str) -> dict[str, Any]:
        """Returns digest and fields of a partition, and whom it names in full unless it was surveyed before."""
        artworks = self.texts.read(shard, part)
        digest = digest_of(artworks, self.query)
        is_known = self.known.get(self.table.path(shard, part)) == digest
        named = [] if is_known else [self.matcher.named(artwork.texts, artwork.artist) for artwork in artworks]
        return {
            "digest": digest,
            "artworks": len(artworks),
            "fields": sorted({field for artwork in artworks for field in artwork.texts}),
            "persons": sorted(frozenset().union(*(result.persons for result in named))),
            "others": sorted(frozenset().union(*(result.others for result in named))),
        }

    def write(self, shard: int, part: str) -> dict[str, Any]:
        """Writes the mentions of a partition; returns its number of artworks."""
        artworks = self.texts.read(shard, part)
        rows = [row for artwork in artworks for row in self._rows(artwork)]
        outcome = {"work": digest_of(artworks, self.query), "rows": len(artworks)}
        self.table.write(shard, part, pa.Table.from_pylist(rows, NAMES), outcome)
        return {"rows": len(artworks)}

    def _rows(self, artwork: Artwork) -> list[dict[str, Any]]:
        mentions = self.matcher(artwork.texts, artwork.artist, artwork.years, self.archive)
        return [self._row(artwork, mention) for mention in mentions]

    def _row(self, artwork: Artwork, mention: Mention) -> dict[str, Any]:
        text, persons = artwork.texts[mention.field], self.authority.persons
        person = None if mention.person is None else persons[mention.person]
        return {
            "id": artwork.id,
            "field": mention.field,
            "text": text[mention.start : mention.end],
            "start": mention.start,
            "end": mention.end,
            "name": person and person.name,
            "authority_id": person and person.id,
            "score": mention.score,
            "qualifier": qualifier(text, mention.start, mention.end),
            "candidates": [persons[candidate].id for candidate in mention.candidates],
        }


def find_names(archive: Archive, options: NameOptions) -> dict[str, Any]:
    """Writes ``names/<name>``; returns the report fields.

    Only partitions of the catalog whose texts have changed are read again, unless the list, the fields or the options
    have changed. Raises ``UserError`` if a file can't be read or no artwork has a field.
    """
    path = options.authority or ""
    name = options.name or "".join(c if c.isascii() and (c.isalnum() or c in "_.-") else "-" for c in Path(path).stem)
    check_name(name)
    table = archive.table(f"names/{name}", NAMES)
    texts = Texts.open(archive, options.text or (), public_only=options.public_only)
    authority = read_authority(path, parse_columns(options.columns))
    query = {
        "text": list(options.text or ()),
        "authority": _digest(authority),
        "min_score": options.min_score,
        "public_only": options.public_only,
        "method": _METHOD,
        "versions": {package: version(package) for package in ("rapidfuzz", "nameparser")},
    }
    with archive.lock(table.name):
        return {"table": table.name, **_find(archive, table, texts, authority, query, options)}


def _find(
    archive: Archive, table: Table, texts: Texts, authority: Authority, query: dict[str, Any], options: NameOptions
) -> dict[str, Any]:
    known = archive.read_json(f"{table.name}/_named.json", _NAMED_KEYS)
    is_new = known is None or known["query"] != query or options.again
    if is_new:
        known = {"query": query, "partitions": {}, "persons": [], "others": []}
    work = _Work(texts, Matcher(authority, options.min_score), authority, table, query, known["partitions"])
    surveyed = dict(map_partitions(archive, list(texts.parts()), work.survey))
    texts.check_found(
        {field for result in surveyed.values() for field in result["fields"]},
        sum(result["artworks"] for result in surveyed.values()),
    )
    if is_new:
        archive.remove(table.name)
    known["partitions"] = {table.path(*key): result["digest"] for key, result in surveyed.items()}
    for role in ("persons", "others"):
        known[role] = sorted(set(known[role]).union(*(result[role] for result in surveyed.values())))
    archive.write_json(f"{table.name}/_named.json", known)
    for key in [(shard, part) for shard in range(archive.shards) for part in table.parts(shard)]:
        if key not in surveyed:  # the catalog lacks it now
            archive.store.remove_file(table.path(*key))
    pending = [key for key, result in surveyed.items() if table.outcome(*key, result["digest"]) is None]
    if pending:
        with contextlib.suppress(FileNotFoundError):
            archive.store.remove_file(f"{table.name}/_about.json")
    writer = replace(work, archive=FullNames(frozenset(known["persons"]), frozenset(known["others"])))
    done = sum(result["rows"] for _, result in map_partitions(archive, pending, writer.write))
    results = _results(table, authority)
    archive.write_json(f"{table.name}/_about.json", {"query": query, **results["mentions"]})
    unchanged = sum(result["artworks"] for result in surveyed.values()) - done
    return {"rows_in": done, "rows_out": done, "rows_failed": 0, "rows_there": unchanged, **results}


def _results(table: Table, authority: Authority) -> dict[str, Any]:
    """Returns the part of the report that describes the whole table."""
    names, unclear = Counter[str](), Counter[tuple[str, tuple[str, ...]]]()
    for rows in table.scan(["text", "authority_id", "candidates"]):
        for row in rows.to_pylist():
            if row["authority_id"]:
                names[row["authority_id"]] += 1
            else:
                unclear[row["text"], tuple(row["candidates"])] += 1
    name_of = {person.id: person.name for person in authority.persons}
    return {
        "mentions": {"resolved": names.total(), "persons": len(names), "unclear": unclear.total()},
        "most_named": [{"name": name_of[key], "id": key, "mentions": n} for key, n in names.most_common(_MAX_LISTED)],
        "unclear": [
            {"text": text, "mentions": count, "candidates": "; ".join(name_of[key] for key in candidates[:_MAX_LISTED])}
            for (text, candidates), count in unclear.most_common(_MAX_LISTED)
        ],
    }


def _digest(authority: Authority) -> str:
    names = [
        (key, person, place, name.words, sorted(name.particles), name.generation)
        for key, entries in authority.by_key.items()
        for person, name, place in entries
    ]
    content = json.dumps([[asdict(person) for person in authority.persons], names])
    return hashlib.sha256(content.encode()).hexdigest()
