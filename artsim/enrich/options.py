"""The options of jobs.enrich: those of each action, and all of them as the command line has them."""

from dataclasses import dataclass, fields

from artsim.errors import UserError
from artsim.options import REQUIRED, ArchiveOptions, setting
from artsim.text.languages import LANGUAGES

_NEEDED = {"topics": ("text",), "names": ("text", "authority"), "descriptors": ("keywords",)}


@dataclass(frozen=True, kw_only=True)
class TableOptions(ArchiveOptions):
    """The options of all actions."""

    name: str | None = setting(
        None, "name of the table (default: topics; descriptors: keywords; names: the name of the `authority` file)"
    )
    again: bool = setting(False, "compute all rows again; otherwise only those of new or changed artworks")


@dataclass(frozen=True, kw_only=True)
class TextOptions(TableOptions):
    """Where the texts are."""

    text: tuple[str, ...] | None = setting(
        None,
        "names, topics: texts of the artworks: columns of the catalog, fields of its metadata, or CSV files with the "
        "columns id and text",
        metavar="COLUMN|FILE",
    )


@dataclass(frozen=True, kw_only=True)
class NameOptions(TextOptions):
    """Which names to find."""

    authority: str | None = setting(
        None, "names: CSV file of persons with id, name, variants, born, died, nationality", metavar="FILE"
    )
    columns: tuple[str, ...] = setting(
        (), "names: columns of the authority file, as in id=AuthorULAN name=Label", metavar="FIELD=COLUMN"
    )
    min_score: float = setting(0.8, "names: lowest score of a mention, 0 to 1", metavar="P")

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.min_score <= 1:
            raise UserError(f"`min_score` {self.min_score}: must be 0 to 1")


@dataclass(frozen=True, kw_only=True)
class TopicOptions(TextOptions):
    """Which topics to find."""

    n: int = setting(12, "topics: number of topics", least=1)
    method: str = setting(
        "nmf", "topics: non-negative matrix factorization or k-means, of tf-idf", choices=("nmf", "kmeans")
    )
    language: str = setting(
        "auto", "topics: language of the texts, for its stop words; auto decides for each artwork",
        choices=("auto", *LANGUAGES),
    )  # fmt: skip
    clusters: str | None = setting(
        None, "topics: also find the words that distinguish each cluster of this clustering", metavar="NAME"
    )
    picture: str | None = setting(None, "topics: draw typical artworks of each topic to this file", metavar="PNG")


@dataclass(frozen=True, kw_only=True)
class DescriptorOptions(TableOptions):
    """Which keywords to spread, and by which features."""

    keywords: str | None = setting(
        None,
        "descriptors: researchers' keywords: a column of the catalog, a field of its metadata, or a CSV file with the "
        "columns id and keyword",
        metavar="COLUMN|FILE",
    )
    separators: str = setting(";|", "descriptors: characters that separate keywords in one value")
    features: tuple[str, ...] | None = setting(
        None,
        "descriptors: features that say what is similar; several are concatenated (default: the recommended features)",
        metavar="NAME[:PCA]",
    )
    k: int = setting(20, "descriptors: number of similar artworks that vote on each suggestion", least=1)
    min_confidence: float = setting(0.5, "descriptors: lowest confidence of a suggestion, 0 to 1", metavar="P")

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.min_confidence <= 1:
            raise UserError(f"`min_confidence` {self.min_confidence}: must be 0 to 1")


_ACTIONS: dict[str, type[TableOptions]] = {
    "topics": TopicOptions,
    "names": NameOptions,
    "descriptors": DescriptorOptions,
}


@dataclass(frozen=True, kw_only=True)
class EnrichOptions(TopicOptions, NameOptions, DescriptorOptions):
    """What to do, and the options of all actions. Raises ``UserError`` for an option that the action needs or lacks."""

    action: str = setting(
        REQUIRED, "what to do; the first word of the command line", choices=tuple(_ACTIONS), is_action=True
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in _NEEDED[self.action]:
            if not getattr(self, name):
                raise UserError(f"`{name}`: {self.action} needs it")
        used = {spec.name for spec in fields(_ACTIONS[self.action])}
        for spec in fields(self):
            if spec.name not in (*used, "action") and getattr(self, spec.name) != spec.default:
                users = [
                    action for action, options in _ACTIONS.items() if spec.name in {f.name for f in fields(options)}
                ]
                raise UserError(f"`{spec.name}`: {self.action} does not use it, only {' and '.join(users)}")
