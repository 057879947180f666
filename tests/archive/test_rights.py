import pyarrow as pa
import pytest

from artsim.archive import CATALOG, Archive, is_public_domain, public_ids

OPEN = [
    "CC0",
    "cc-0",
    "CC0 1.0 Universal",
    "Public Domain",
    "public-domain",
    "Public Domain Mark 1.0",
    "This work is in the public domain.",
    "https://creativecommons.org/publicdomain/mark/1.0/",
    "http://creativecommons.org/publicdomain/zero/1.0/",
    "https://creativecommons.org/licenses/by-sa/4.0/",
    "CC BY-SA 4.0",
    "CC-BY",
    "Creative Commons Attribution 4.0",
    "© 2020 Museum, CC BY 4.0",
    "http://rightsstatements.org/vocab/NoC-US/1.0/",
    "http://rightsstatements.org/page/NKC/1.0/?language=en",
    "No known copyright restrictions",
    "no copyright restrictions",
    "No Copyright - United States",
    "No copyright. Public domain.",
    "No copyright - public domain",
    "Gemeinfrei",
    "Domaine public",
]
CLOSED = [
    None,
    "",
    " ",
    "© 2020",
    "© The artist's estate / DACS",
    "In copyright",
    "All rights reserved",
    "http://rightsstatements.org/vocab/InC/1.0/",
    "http://rightsstatements.org/vocab/InC-EDU/1.0/",
    "http://rightsstatements.org/vocab/UND/1.0/",
    "http://rightsstatements.org/vocab/CNE/1.0/",
    "not in the public domain",
    "not in the public domain (https://creativecommons.org/publicdomain/zero/1.0/)",
    "Not Public Domain",
    "no longer in the public domain",
    "isn't in the public domain",
    "Isn’t public domain",
    "non-public domain",
    "nicht gemeinfrei",
    "n'est pas dans le domaine public",
    "This image is not CC0",
    "No copyright information",
    "No known copyright holder",
    "Copyright not evaluated",
    "according to the museum",
]


@pytest.mark.parametrize("statement", OPEN)
def test_open_statements_are_public(statement: str) -> None:
    assert is_public_domain(statement)


@pytest.mark.parametrize("statement", CLOSED)
def test_everything_else_is_protected(statement: str | None) -> None:
    assert not is_public_domain(statement)


def test_public_ids_are_the_open_rows_of_one_shard(tmp_path) -> None:
    archive = Archive.create(str(tmp_path), 1)
    table = archive.table("catalog")
    statements = OPEN + CLOSED
    rows = [{"id": f"t:{number}", "rights": statement} for number, statement in enumerate(statements)]
    table.write(0, "a", pa.Table.from_pylist(rows[::2], schema=CATALOG))
    table.write(0, "b", pa.Table.from_pylist(rows[1::2], schema=CATALOG))
    assert sorted(public_ids(table, 0).to_pylist()) == sorted(f"t:{number}" for number in range(len(OPEN)))


@pytest.mark.parametrize(
    "text",
    [
        "In copyright until 2040, then public domain",
        "Will enter the public domain in 2041",
        "© 2020 Artist. Metadata: CC0",
        "Public domain: no",
        "public_domain=false",
        "isPublicDomain: false",
        "formerly public domain",
        "without public domain status",
        "excluded from public domain",
        "unless in the public domain, © DACS",
        "Public domain status disputed",
        "Public Domain Mark status unknown",
        "Public domain?",
        "Photo: all rights reserved; painting: public domain",
        "Public domain in the US only; copyrighted in the EU",
    ],
)
def test_a_doubt_is_protected(text: str) -> None:
    assert not is_public_domain(text)
