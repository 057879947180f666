"""Features as one vector space: stacking, PCA, and nearest-neighbor search."""
