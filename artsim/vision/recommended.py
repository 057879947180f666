"""The recommended features: the default of jobs.extract and of training.

All are of efficientnet_lite0 at 448 pixels. They were chosen on people-art with 3,000 random annotations and the
discriminant alone. The criterion was the meanrank on held-out artists in five development splits, averaged over style
and artist. Four levels (the last, ``@3``, ``@blocks.5``, ``@4``): 2.054. With ``@blocks.3``: 2.032. Four levels with
``@3+cov``: 2.011. In five other splits, opened once, the set below has 2.12 by style and 1.80 by artist; the four
levels have 2.17 and 1.85. Most artists occur in both sets of splits.
"""

from collections.abc import Sequence

from artsim.archive import Archive, UserError

# levels, and full names as --backbones takes them, with the number of PCA components
_LEVELS = {"": 100, "@blocks.3": 80, "@3": 100, "@blocks.5": 100, "@4": 100, "@3+cov": 100}
_COMPONENTS = {f"efficientnet_lite0{level}+448": components for level, components in _LEVELS.items()}

RECOMMENDED = tuple(_COMPONENTS)
# as --features takes them
RECOMMENDED_SPECS = tuple(f"{name}:{components}" for name, components in _COMPONENTS.items())


def are_recommended(specs: Sequence[str]) -> bool:
    """Whether these features, as `features` takes them, are the recommended ones with any number of components."""
    return tuple(spec.partition(":")[0] for spec in specs) == RECOMMENDED


def recommended_features(archive: Archive) -> list[str]:
    """Returns ``RECOMMENDED_SPECS``, with fewer components if the archive has few vectors.

    Raises ``UserError`` if some of the features are missing.
    """
    stored = archive.names("features")
    if missing := [name for name in RECOMMENDED if name not in stored]:
        others = f"; or choose with `features` from {', '.join(stored)}" if stored else ""
        raise UserError(
            f"`features`: the archive lacks the recommended {', '.join(missing)}; run jobs.extract without `backbones`"
            f"{others}"
        )
    fewest = min(_vectors(archive, name) for name in RECOMMENDED)
    return [f"{name}:{max(min(components, fewest // 2), 1)}" for name, components in _COMPONENTS.items()]


def _vectors(archive: Archive, name: str) -> int:
    """Returns the number of vectors; counts no further than needed here."""
    count = 0
    for rows in archive.table(f"features/{name}").scan(["error"]):
        count += rows["error"].null_count
        if count >= 2 * max(_COMPONENTS.values()):
            break
    return count
