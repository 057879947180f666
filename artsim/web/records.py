"""The full record of an artwork: all that the archive knows about it."""

import json
from typing import Any
from urllib.parse import urlsplit

import pyarrow.compute as pc

from artsim.web.site import Site

MANY = 50  # pages of one work


def full_record(site: Site, number: int) -> dict[str, Any]:
    """Returns catalog fields, links, other pages of the same work, clusters, labels and topics of an artwork."""
    collection = site.collection
    about = collection.rows.slice(number, 1).to_pylist()[0]
    stored = site.catalog.row(number, ["source", "image_url", "metadata"]) or {}
    pages = [page for page in _same_page(site, web_address(about.get("page_url"))) if page != number]
    return {
        **record_of(number, about | stored, pages, site.pictures.fault(number)),
        "clusters": site.groups.memberships(number),
        "labels": site.groups.labels_of(number),
        "topics": site.groups.topics_of(number),
    }


def record_of(number: int, about: dict[str, Any], pages: list[int], no_image: str | None) -> dict[str, Any]:
    """Returns a row of the catalog as a record, with links that are safe; ``pages`` are others of the same work.

    ``no_image`` is why the artwork has no image: its status in the images table, or ``missing``; None if it has one.
    """
    image_url, metadata = about.get("image_url"), about.get("metadata")
    plain = {name: value for name, value in about.items() if name not in ("image_url", "metadata")}
    record = {"n": number, **{name: value for name, value in plain.items() if value is not None}}
    record["page_url"] = web_address(about.get("page_url"))
    record["image_url"] = web_address(image_url)
    record["metadata"] = _metadata(metadata)
    record["credit"] = credit(about)
    record["pages"] = pages
    if no_image is not None:
        record["no_image"] = no_image
    return record


def web_address(address: str | None) -> str | None:
    """Returns the address if it is a web page; None for others, such as ``javascript:`` or a file."""
    try:
        parts = urlsplit(address or "")
    except ValueError:
        return None
    return address if parts.scheme in ("http", "https") and parts.netloc else None


def credit(about: dict[str, Any]) -> str:
    """Who made the artwork and who may show it, in one line."""
    words = [
        about.get("artist"),
        about.get("title"),
        about.get("date_text"),
        about.get("location"),
        about.get("rights"),
    ]
    return ", ".join(word.strip() for word in words if isinstance(word, str) and word.strip())


def _same_page(site: Site, page_url: str | None) -> list[int]:
    """Artworks with the same page of the museum: several images of one work."""
    if page_url is None:
        return []
    same = pc.indices_nonzero(pc.fill_null(pc.equal(site.collection.rows["page_url"], page_url), False))
    return [int(number) for number in same.to_pylist()[:MANY]]


def _metadata(text: str | None) -> dict[str, Any]:
    try:
        content = json.loads(text or "{}")
    except (ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}
