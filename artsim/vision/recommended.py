"""The recommended features: what jobs.extract makes, and what is learned on, where nothing else is said.

All are of efficientnet_lite0 at 448 pixels. They were chosen on people-art with 3,000 random annotations and the
discriminant alone, by the meanrank on artists held out in five development splits, the mean of style and artist. Four
levels (the last, ``@3``, ``@blocks.5``, ``@4``): 2.054. With ``@blocks.3``: 2.032. Four levels with ``@3+cov``: 2.011.
In five other splits, opened once, the set below has 2.12 by style and 1.80 by artist; the four levels have 2.17 and
1.85. Most artists occur in both sets of splits.
"""

from artsim.archive import Archive, Mistake

# what --backbones takes, and the components of its PCA
_LEVELS = {"": 100, "@blocks.3": 80, "@3": 100, "@blocks.5": 100, "@4": 100, "@3+cov": 100}
_COMPONENTS = {f"efficientnet_lite0{level}+448": components for level, components in _LEVELS.items()}

RECOMMENDED = tuple(_COMPONENTS)
RECOMMENDED_SPECS = tuple(
    f"{name}:{components}" for name, components in _COMPONENTS.items()
)  # as --features takes them


def recommended_features(archive: Archive) -> list[str]:
    """RECOMMENDED_SPECS, with fewer components where the archive has few vectors. Mistake if some are missing."""
    there = archive.names("features")
    if missing := [name for name in RECOMMENDED if name not in there]:
        others = f"; or name some with --features: there are {', '.join(there)}" if there else ""
        raise Mistake(
            f"--features: the archive lacks the recommended {', '.join(missing)}; run jobs.extract without --backbones"
            f"{others}"
        )
    fewest = min(_vectors(archive, name) for name in RECOMMENDED)
    return [f"{name}:{max(min(components, fewest // 2), 1)}" for name, components in _COMPONENTS.items()]


def _vectors(archive: Archive, name: str) -> int:
    """How many vectors there are, at least as far as it matters here."""
    found = 0
    for rows in archive.table(f"features/{name}").scan(["error"]):
        found += rows["error"].null_count
        if found >= 2 * max(_COMPONENTS.values()):
            break
    return found
