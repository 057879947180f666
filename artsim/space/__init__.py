"""Features as one vector space: stacking, PCA, and nearest-neighbour search."""
