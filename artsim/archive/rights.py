"""Which statements of rights let a picture be shown to everyone."""

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
    # whatever leaves a doubt: a time to come, a question, a flag that says no
    r"|\b(will|until|unless|formerly|without|excluded|disputed|unknown|denied|only)\b"
    r"|public[ _-]*domain\W{0,3}(no\b|false|0\b|\?)",
    re.IGNORECASE,
)
# A copyright beside a public domain leaves a doubt as well; beside a Creative Commons licence it names the licensor.
_CLAIMED = re.compile(r"©|\(c\)|(?<!no )(?<!no known )\bcopyright|all rights reserved", re.IGNORECASE)
_LICENSED = re.compile(r"\bcc[ _-]by\b|creativecommons\.org/licenses/|creative commons attribution", re.IGNORECASE)


def is_public_domain(rights: str | None) -> bool:
    """Whether a statement of rights (a licence's address, or words) opens the picture to everyone.

    Public domain, CC0, the Creative Commons licences and "no copyright" of rightsstatements.org are public.
    What says nothing, or anything else, is taken as protected.
    """
    text = rights or ""
    if not _PUBLIC.search(text) or _PROTECTED.search(text):
        return False
    return not _CLAIMED.search(text) or bool(_LICENSED.search(text))


def public_ids(catalog: Table, shard: int) -> pa.Array:
    """The ids of a shard of the catalogue whose pictures are open to everyone."""
    ids: list[str] = []
    for part in catalog.parts(shard):
        rows = catalog.read(shard, part, ["id", "rights"]).to_pydict()
        ids += [one for one, rights in zip(rows["id"], rows["rights"], strict=True) if is_public_domain(rights)]
    return pa.array(ids, pa.string())
