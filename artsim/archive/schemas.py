"""The columns of every table of an archive."""

from functools import lru_cache

import pyarrow as pa

from artsim.errors import UserError

CATALOG = pa.schema(
    [
        ("id", pa.string()),  # <collection>:<local id>, never changes
        ("source", pa.string()),
        ("image_url", pa.string()),
        ("page_url", pa.string()),
        ("title", pa.string()),
        ("artist", pa.string()),
        ("date_text", pa.string()),
        ("year_from", pa.int32()),
        ("year_to", pa.int32()),
        ("style", pa.string()),
        ("type", pa.string()),
        ("technique", pa.string()),
        ("location", pa.string()),
        ("school", pa.string()),
        ("rights", pa.string()),
        ("metadata", pa.string()),  # JSON: all other fields of the source
    ]
)

# Prefix of ``detail`` in an images row whose image comes from a former address of the artwork.
NEW_ADDRESS = "the new address"

IMAGES = pa.schema(
    [
        ("id", pa.string()),
        ("status", pa.string()),
        ("detail", pa.string()),  # reason, as text
        ("http_status", pa.int32()),
        ("attempts", pa.int32()),
        ("content_type", pa.string()),  # detected from the bytes, not from the header
        ("bytes", pa.binary()),  # the image file; if status is not ok, one that its site has removed since
        ("sha256", pa.string()),
        ("phash", pa.string()),
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("fetched_at", pa.timestamp("us", tz="UTC")),
        ("etag", pa.string()),
        ("last_modified", pa.string()),
    ]
)

THUMBNAILS = pa.schema(
    [
        ("id", pa.string()),
        ("sha256", pa.string()),  # of the image that it shows
        ("bytes", pa.binary()),  # JPEG, upright, sRGB
        ("width", pa.int32()),  # of the JPEG, pixels
        ("height", pa.int32()),
        ("color", pa.list_(pa.uint8(), 3)),  # mean RGB
    ]
)

NEIGHBORS = pa.schema(
    [
        ("id", pa.string()),
        ("rank", pa.int32()),
        ("neighbor", pa.string()),
        ("distance", pa.float32()),
    ]
)

LAYOUT = pa.schema(
    [
        ("id", pa.string()),
        ("x", pa.float32()),  # column and row of a grid, row 0 at the top
        ("y", pa.float32()),
    ]
)

CLUSTERS = pa.schema(
    [
        ("id", pa.string()),
        ("cluster", pa.int32()),  # -1 is noise
        ("probability", pa.float32()),  # HDBSCAN and EVoC: strength of the membership; null for other methods
        ("distance", pa.float32()),  # to the exemplar, in the space that was clustered; null for noise
        ("exemplar", pa.bool_()),
    ]
)

DUPLICATES = pa.schema(
    [
        ("id", pa.string()),
        ("group", pa.int32()),
        ("confidence", pa.float32()),  # agreement with the representative; that of a representative is its group's best
        ("representative", pa.bool_()),  # the largest image of the group
    ]
)

IDENTIFICATIONS = pa.schema(
    [
        ("id", pa.string()),  # one row per candidate; one row with nulls if there is none
        ("rank", pa.int32()),  # 1 is the best candidate
        ("reference_id", pa.string()),  # an artwork of the reference archive
        ("title", pa.string()),  # of the reference's catalog, as is artist
        ("artist", pa.string()),
        ("similarity", pa.float32()),  # cosine of the features; null if it was found by its hash only
        ("score", pa.float32()),  # agreement: correlation of the aligned details, 0 to 1
        ("evidence", pa.struct([("method", pa.string()), ("patches", pa.int32())])),
        ("status", pa.string()),  # of the artwork: identified, review, none or unreadable
        ("key", pa.string()),  # hash of the artwork's image, the reference and the options
    ]
)

LABELS = pa.schema(
    [
        ("id", pa.string()),  # one row per task
        ("task", pa.string()),  # a column of the catalog, a level of one (technique-2), or date
        (
            "label",
            pa.string(),
        ),  # the most probable one, within the label above; null if the vector holds NaN or infinity
        ("probability", pa.float32()),  # calibrated
        (
            "top",
            pa.list_(pa.struct([("label", pa.string()), ("probability", pa.float32())])),
        ),  # up to three, the label first
        ("abstained", pa.bool_()),  # the probability is below the task's threshold
        ("candidates", pa.list_(pa.string())),  # prediction set, most probable first
        ("sha256", pa.string()),  # of the image that it describes
    ]
)

TOPICS = pa.schema(
    [
        ("id", pa.string()),
        ("topic", pa.int32()),  # 0 is the topic of most texts; -1 for none
        ("share", pa.float32()),  # of the topic in all topics of the artwork's texts, 0 to 1
    ]
)

NAMES = pa.schema(
    [
        ("id", pa.string()),
        ("field", pa.string()),  # where the text is from: a column of the catalog, a metadata field, or a file's name
        ("text", pa.string()),  # the name as printed, without its qualifier
        ("start", pa.int32()),  # place in the field, in characters
        ("end", pa.int32()),
        ("name", pa.string()),  # preferred name of the person; null if it is unclear who is meant
        ("authority_id", pa.string()),
        ("score", pa.float32()),  # 0 to 1
        ("qualifier", pa.string()),  # "workshop of", "after"; null for none
        ("candidates", pa.list_(pa.string())),  # ids of the persons who may be meant, if it is unclear
    ]
)

DESCRIPTORS = pa.schema(
    [
        ("id", pa.string()),
        ("keyword", pa.string()),
        ("confidence", pa.float32()),  # probability that the keyword is right; 1 if it is given
        ("source", pa.string()),  # given or suggested
        ("evidence", pa.list_(pa.string())),  # similar artworks with this keyword, nearest first
    ]
)

ANNOTATIONS = pa.schema(
    [
        ("annotation_id", pa.string()),
        ("annotator", pa.string()),
        ("anchor", pa.string()),
        ("positive", pa.string()),
        ("negatives", pa.list_(pa.string(), 7)),
        ("mode", pa.string()),  # how the candidates were sampled: random, near, uncertain, unknown
        ("created_at", pa.timestamp("us", tz="UTC")),
    ]
)

LINKS = pa.schema(
    [
        ("id_a", pa.string()),
        ("id_b", pa.string()),
        ("verdict", pa.string()),
        ("annotator", pa.string()),
        ("source", pa.string()),
        ("created_at", pa.timestamp("us", tz="UTC")),
    ]
)

_TABLES = {"catalog": CATALOG, "images": IMAGES, "thumbnails": THUMBNAILS, "annotations": ANNOTATIONS, "links": LINKS}
_GROUPS: dict[str, pa.Schema | None] = {  # tables with a name of their own: ``clusters/<name>``
    "features": None,
    "neighbors": NEIGHBORS,
    "layouts": LAYOUT,
    "clusters": CLUSTERS,
    "duplicates": DUPLICATES,
    "identifications": IDENTIFICATIONS,
    "labels": LABELS,
    "topics": TOPICS,
    "names": NAMES,
    "descriptors": DESCRIPTORS,
}


@lru_cache
def features(dimension: int) -> pa.Schema:
    """The columns of ``features/<name>``: a vector of ``dimension`` floats and the sha256 of the bytes it describes."""
    return pa.schema(
        [
            ("id", pa.string()),
            ("vector", pa.list_(pa.float32(), dimension)),  # null where there is an error
            ("error", pa.string()),
            ("sha256", pa.string()),
        ]
    )


def schema_of(table: str) -> pa.Schema | None:
    """The schema of a table by its name; None for tables whose columns depend on the run (``features/...``)."""
    folder = table.split("/")[0]
    if folder in _GROUPS:
        return _GROUPS[folder]
    if table not in _TABLES:
        raise UserError(f"unknown table {table!r}")
    return _TABLES[table]
