"""Everything that the server knows about one archive, loaded once."""

import logging
from collections.abc import Mapping
from functools import cached_property, lru_cache
from threading import Lock
from typing import Any

from artsim.archive import Archive, UserError
from artsim.extract.outside_texts import reads_text
from artsim.vision.weights import are_offline
from artsim.web.atlas import Atlas
from artsim.web.cache import cache_folder
from artsim.web.collection import Collection
from artsim.web.columns import Columns
from artsim.web.filters import Filters
from artsim.web.groups import Groups
from artsim.web.located_rows import LocatedRows
from artsim.web.options import ServeOptions
from artsim.web.pair_matcher import PairMatcher, is_available
from artsim.web.pictures import Pictures
from artsim.web.texts import Texts
from artsim.web.uploads import Heads, Uploads
from artsim.web.vectors import Vectors
from artsim.web.words import Words

_log = logging.getLogger(__name__)
_METHODS = ("umap", "tsne", "localmap", "pacmap", "pca")  # of maps, the one to show first
_BEST = "efficientnet_lite0@4+448"  # of the recommended features, the one that ranks best untrained
_FEATURES_IN_MEMORY = 3  # features whose vectors are in memory


def _rank(method: str) -> int:
    return _METHODS.index(method) if method in _METHODS else len(_METHODS)


def _describes_texts(about: Mapping[str, Any]) -> bool:
    if not reads_text(about):
        return False
    try:
        return are_offline(about["backbone"], about["weights"])
    except (UserError, KeyError) as error:
        _log.warning("no search by text with %s: %s", about.get("backbone"), error)
        return False


class Site:
    """The archive as the page shows it.

    ``filters`` also keeps the stored sets. Raises ``UserError`` if there is no artwork to show.
    """

    def __init__(self, archive: Archive, options: ServeOptions) -> None:
        self.archive, self.options = archive, options
        self.collection = Collection(archive, public_only=options.public_only)
        self.catalog = LocatedRows(self.collection, "catalog")
        self.columns = Columns(self.collection)
        self.groups = Groups(self.collection)
        sets = cache_folder(f"sets-{self.collection.version_of('catalog', 'images')}")
        self.filters = Filters(len(self.collection), self.columns, self.groups, sets)
        self.words = Words(self.collection)
        self.atlas = Atlas(self.collection)
        self.pictures = Pictures(self.collection)
        self.uploads = Uploads(archive)
        self.pair_matcher = PairMatcher(self.pictures)
        self.texts = Texts(archive)
        self._vectors = lru_cache(maxsize=_FEATURES_IN_MEMORY)(lambda name: Vectors(self.collection, name))
        self._lock = Lock()

    def prepare(self) -> None:
        """Makes what the page needs soon, before it asks for it."""
        self.words.find("portrait")
        self.atlas.page(0)

    def described(self) -> dict[str, Any]:
        """What the archive has, as the page lists it."""
        groups = self.groups.described()
        features = self.archive.names("features")
        layouts = sorted(groups["layouts"], key=lambda layout: (layout["kind"] != "map", _rank(layout["method"])))
        clusters = sorted(groups["clusters"], key=lambda clustering: clustering["noise"])
        return {
            "name": self.collection.name,
            "version": self.collection.version,
            "count": len(self.collection),
            "rights": self.options.rights,
            "columns": self.columns.described(),
            **groups,
            "features": features,
            "default": {
                "layout": layouts[0]["name"],
                "features": self.features(None) if features else None,
                "clusters": clusters[0]["name"] if clusters else None,
            },
            "atlas": self.atlas.grid.described(),
            "upload": any(self.describes(name) for name in features),
            "matching": self.matching,
            "text_features": self.text_features,
        }

    def features(self, name: str | None) -> str:
        """Returns the name of features. Raises ``UserError`` if there are none.

        The default is a model that learned from curators, else the level that ranks best untrained, else the first.
        """
        known = self.archive.names("features")
        if name is None and known:
            learned = [candidate for candidate in known if "model" in self._about(candidate)]
            return (learned or [candidate for candidate in known if candidate == _BEST] or known)[0]
        if name is None:
            raise UserError("the archive has no features; run jobs.extract")
        if name not in known:
            raise UserError(f"features {name[:100]}: choose one of {', '.join(known) or 'none yet'}")
        return name

    def vectors(self, name: str | None) -> Vectors:
        """The vectors of features. Those of the latest ``_FEATURES_IN_MEMORY`` are kept in memory."""
        with self._lock:  # two requests must not read the same vectors
            return self._vectors(self.features(name))

    def features_of_uploads(self, name: str | None) -> str:
        """Returns the name of features that describe uploads, by default the first of a backbone."""
        backbones = [candidate for candidate in self.archive.names("features") if self.describes(candidate)]
        return backbones[0] if name is None and backbones else self.features(name)

    def features_of_texts(self, name: str | None) -> str:
        """Returns the name of image-text features, by default the first. Raises ``UserError`` if there are none."""
        known = self.text_features
        if not known:
            raise UserError("text: the archive has no features of an image-text network; see jobs.extract")
        if name is not None and name not in known:
            raise UserError(f"features {name[:100]}: a text needs one of {', '.join(known)}")
        return name or known[0]

    @cached_property
    def text_features(self) -> list[str]:
        """The features of image-text networks whose weights are on this machine: texts can be described in their space.

        They are looked up once.
        """
        return [name for name in self.archive.names("features") if _describes_texts(self._about(name))]

    @cached_property
    def matching(self) -> bool:
        """Whether parts of two artworks can be compared. It is looked up once."""
        return is_available()

    def describes(self, name: str) -> bool:
        """Whether images from outside can be described: a backbone made the features, not a model."""
        return "backbone" in self._about(name)

    def _about(self, name: str) -> dict[str, Any]:
        about = self.archive.read_json(f"features/{name}/_about.json")
        return about if isinstance(about, dict) else {}

    @cached_property
    def heads(self) -> Heads | None:
        """The label heads, which label uploads; None if there are none that can be used."""
        try:
            return Heads(self.archive, list(self.groups.labels), self.describes) if self.groups.labels else None
        except UserError as error:
            _log.warning("uploads get no labels: %s", error)
            return None
