"""The recommended features: what to extract and learn from when nothing else is asked for.

Chosen on People-art with 3,000 random annotations and the discriminant alone (no refinement), tested on held-out
artists. Mean of the meanranks by style and by artist over five development splits, all of efficientnet_lite0 at 448
pixels: four levels (the last, `@3`, `@blocks.5`, `@4`) 2.054; with `@blocks.3` 2.032; four levels with `@3+cov` 2.011.
Five other splits, opened once for the features below: 2.12 by style and 1.80 by artist, where the four levels give
2.17 and 1.85. Most artists occur in both sets of splits.
"""

_NETWORK = "efficientnet_lite0"
_SIZE = 448  # pixels
# (level and pooling, components of its PCA)
_LEVELS = (("", 100), ("@blocks.3", 80), ("@3", 100), ("@blocks.5", 100), ("@4", 100), ("@3+cov", 100))

RECOMMENDED_BACKBONES: tuple[str, ...] = tuple(f"{_NETWORK}{level}+{_SIZE}" for level, _ in _LEVELS)
"""What `jobs.extract --backbones` takes; these are also the names of the tables below `features/`."""

RECOMMENDED: tuple[str, ...] = tuple(f"{_NETWORK}{level}+{_SIZE}:{components}" for level, components in _LEVELS)
"""What `--features` of the learning jobs takes: the same, each with the components of its PCA."""
