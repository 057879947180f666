"""The options of embedding an archive."""

from dataclasses import dataclass

from artsim.options import REQUIRED, DataOptions, setting


@dataclass(frozen=True, kw_only=True)
class EmbedOptions(DataOptions):
    """Which model to apply to the archive."""

    model: str = setting(REQUIRED, "a model of the archive, or the path of a model folder", metavar="NAME")
    again: bool = setting(False, "replace features of this name made by another model")
