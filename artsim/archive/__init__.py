"""Storage of an archive: tables, schemas, shards, pending rows and reports."""

from artsim.archive.archive import Archive
from artsim.archive.duplicates import duplicate_ids
from artsim.archive.json_text import Keys, check_record
from artsim.archive.pending import PART_ROWS, Work, pending, pending_parts
from artsim.archive.rights import is_public_domain, public_ids
from artsim.archive.s3 import in_words
from artsim.archive.schemas import (
    CATALOG,
    CLUSTERS,
    DESCRIPTORS,
    DUPLICATES,
    IDENTIFICATIONS,
    IMAGES,
    LABELS,
    LAYOUT,
    NAMES,
    NEIGHBORS,
    NEW_ADDRESS,
    THUMBNAILS,
    TOPICS,
    features,
)
from artsim.archive.store import Store, read_file
from artsim.archive.table import Table
from artsim.errors import UserError

__all__ = [
    "CATALOG",
    "CLUSTERS",
    "DESCRIPTORS",
    "DUPLICATES",
    "IDENTIFICATIONS",
    "IMAGES",
    "LABELS",
    "LAYOUT",
    "NAMES",
    "NEIGHBORS",
    "NEW_ADDRESS",
    "PART_ROWS",
    "THUMBNAILS",
    "TOPICS",
    "Archive",
    "Keys",
    "Store",
    "Table",
    "UserError",
    "Work",
    "check_record",
    "duplicate_ids",
    "features",
    "in_words",
    "is_public_domain",
    "pending",
    "pending_parts",
    "public_ids",
    "read_file",
]
