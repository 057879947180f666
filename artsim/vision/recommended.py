"""The features that artsim recommends: what jobs.extract makes, and what is learned on, where nothing else is said."""

from artsim.archive import Archive, Mistake

# Four levels of one small network at 448 pixels, from fine texture to objects; see "People-art" in the README.
RECOMMENDED = (
    "efficientnet_lite0+448",
    "efficientnet_lite0@4+448",
    "efficientnet_lite0@blocks.5+448",
    "efficientnet_lite0@3+448",
)
_COMPONENTS = 100  # of each

RECOMMENDED_SPECS = tuple(f"{name}:{_COMPONENTS}" for name in RECOMMENDED)  # as --features takes them, stacked


def recommended_features(archive: Archive) -> list[str]:
    """RECOMMENDED_SPECS, with fewer components where the archive has few vectors. Mistake if some are missing."""
    there = archive.names("features")
    if missing := [name for name in RECOMMENDED if name not in there]:
        others = f"; or name some with --features: there are {', '.join(there)}" if there else ""
        raise Mistake(
            f"--features: the archive lacks the recommended {', '.join(missing)}; run jobs.extract without --backbones"
            f"{others}"
        )
    fewest = min(archive.table(f"features/{name}").count() for name in RECOMMENDED)
    components = max(min(_COMPONENTS, fewest // 2), 1)
    return [f"{name}:{components}" for name in RECOMMENDED]
