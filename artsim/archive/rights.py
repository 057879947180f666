"""Decides which rights statements allow an image to be shown to everyone."""

import re

import pyarrow as pa

from artsim.archive.table import Table

_OPEN = r"public[ _-]*domain|gemeinfrei|domaine public|\bcc[ _-]?0\b|\bcc[ _-]by\b"
_PUBLIC = re.compile(
    rf"{_OPEN}|creativecommons\.org/(publicdomain|licenses)/|creative commons (attribution|zero)"
    r"|rightsstatements\.org/(vocab|page)/(NoC-US|NKC|NoC-NC|NoC-OKLR)"
    r"|no (known )?copyright( restriction|\s*($|[-–—.,;(]))",
    re.IGNORECASE,
)
_PROTECTED = re.compile(
    rf"(\b(not|non|never|no longer|nicht|pas)\b|n['’]t\b)[^.,;:/–—]{{0,20}}({_OPEN})|\bno\s+({_OPEN})"
    r"|rightsstatements\.org/(vocab|page)/InC"
    # any doubt: a future date, a question, a negative flag
    r"|\b(will|until|unless|formerly|without|excluded|disputed|unknown|denied|only)\b"
    r"|public[ _-]*domain\W{0,3}(no\b|false|0\b|\?)",
    re.IGNORECASE,
)
# Copyright next to public domain is a doubt as well; next to a Creative Commons license it names the licensor.
_CLAIMED = re.compile(r"©|\(c\)|(?<!no )(?<!no known )\bcopyright|all rights reserved", re.IGNORECASE)
_LICENSED = re.compile(r"\bcc[ _-]by\b|creativecommons\.org/licenses/|creative commons attribution", re.IGNORECASE)


def is_public_domain(rights: str | None) -> bool:
    """Whether a rights statement (a license URL or text) allows an image to be shown to everyone.

    Public domain, CC0, the Creative Commons licenses and "no copyright" of rightsstatements.org are public.
    Everything else, including no statement, counts as protected.
    """
    text = rights or ""
    if not _PUBLIC.search(text) or _PROTECTED.search(text):
        return False
    return not _CLAIMED.search(text) or bool(_LICENSED.search(text))


def public_ids(catalog: Table, shard: int) -> pa.Array:
    """Returns the ids of the public images in a shard of the catalog."""
    ids: list[str] = []
    for part in catalog.parts(shard):
        rows = catalog.read(shard, part, ["id", "rights"]).to_pydict()
        ids += [id_ for id_, rights in zip(rows["id"], rows["rights"], strict=True) if is_public_domain(rights)]
    return pa.array(ids, pa.string())
