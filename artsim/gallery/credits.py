"""The credits line: whose rights the pictures are, and from which collections they come."""

import re
from collections import Counter
from collections.abc import Sequence

from artsim.archive import Archive

_MAX_LISTED = 4  # rights statements and collections that are named
_STATEMENTS = (
    (r"creativecommons\.org/publicdomain/zero|\bcc[ _-]?0\b", "CC0"),
    (r"creativecommons\.org/publicdomain/mark|^public[ _-]*domain", "public domain"),
    (r"rightsstatements\.org/(vocab|page)/InC", "in copyright"),
    (r"rightsstatements\.org/(vocab|page)/No", "no copyright"),
)
_LICENSE = re.compile(r"creativecommons\.org/licenses/([a-z-]+)/([0-9.]+)", re.IGNORECASE)


def credits_of(archive: Archive, ids: Sequence[str]) -> str:
    """``Images: CC0 (210), © 2020 the artist's estate (3). Collections: sample (213).``"""
    rows = archive.table("catalog").find(ids, ["id", "rights"])
    stated = Counter(map(short_rights, rows["rights"].to_pylist())) if rows else Counter[str]()
    unknown = len(ids) - sum(stated.values())
    if unknown:
        stated["rights not stated"] += unknown
    collections = Counter(identifier.partition(":")[0] for identifier in ids)
    return f"Images: {_listed(stated)}. Collections: {_listed(collections)}."


def short_rights(rights: str | None) -> str:
    """A rights statement in few words: the usual name of a license, or the statement itself."""
    text = " ".join((rights or "").split()).rstrip(".")
    if not text:
        return "rights not stated"
    if match := _LICENSE.search(text):
        return f"CC {match[1].upper()} {match[2]}"
    return next((name for pattern, name in _STATEMENTS if re.search(pattern, text, re.IGNORECASE)), text[:80])


def _listed(counts: Counter[str]) -> str:
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    named = len(ordered) if len(ordered) <= _MAX_LISTED + 1 else _MAX_LISTED  # one more name is shorter than "1 more"
    words = [f"{name} ({count:,})" for name, count in ordered[:named]]
    if named < len(ordered):
        words.append(f"{len(ordered) - named} more ({sum(count for _, count in ordered[named:]):,})")
    return ", ".join(words)
