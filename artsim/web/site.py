"""Everything that the server knows about one archive, loaded once."""

import logging
from functools import cached_property, lru_cache
from threading import Lock
from typing import Any

from artsim.archive import Archive, UserError
from artsim.web.atlas import Atlas
from artsim.web.cache import cache_folder
from artsim.web.collection import Collection
from artsim.web.columns import Columns
from artsim.web.filters import Filters
from artsim.web.groups import Groups
from artsim.web.located_rows import LocatedRows
from artsim.web.options import ServeOptions
from artsim.web.pictures import Pictures
from artsim.web.uploads import Heads, Uploads
from artsim.web.vectors import Vectors
from artsim.web.words import Words

_log = logging.getLogger(__name__)
_METHODS = ("umap", "tsne", "localmap", "pacmap", "pca")  # of maps, the one to show first
_MODELS = 3  # features whose vectors are in memory


def _rank(method: str) -> int:
    return _METHODS.index(method) if method in _METHODS else len(_METHODS)


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
        self._vectors = lru_cache(maxsize=_MODELS)(lambda name: Vectors(self.collection, name))
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
                "features": features[0] if features else None,
                "clusters": clusters[0]["name"] if clusters else None,
            },
            "atlas": self.atlas.grid.described(),
            "upload": any(self._describes(name) for name in features),
        }

    def features(self, name: str | None) -> str:
        """Returns the name of features, by default the first. Raises ``UserError`` if there are none."""
        known = self.archive.names("features")
        if name is None and known:
            return known[0]
        if name not in known:
            raise UserError(f"features {(name or '')[:100]}: choose one of {', '.join(known) or 'none yet'}")
        return name

    def vectors(self, name: str | None) -> Vectors:
        """The vectors of features, by default the first. Those of the latest ``_MODELS`` are kept in memory."""
        with self._lock:  # two requests must not read the same vectors
            return self._vectors(self.features(name))

    def _describes(self, name: str) -> bool:
        """Whether images from outside can be described: a backbone made the features, not a model."""
        about = self.archive.read_json(f"features/{name}/_about.json")
        return about is not None and "backbone" in about

    @cached_property
    def heads(self) -> Heads | None:
        """The label heads, which label uploads; None if there are none that can be used."""
        try:
            return Heads(self.archive, list(self.groups.labels)) if self.groups.labels else None
        except (ImportError, UserError) as error:
            _log.warning("uploads get no labels: %s", error)
            return None
