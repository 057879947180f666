"""Pictures of an archive: grids, maps, trees, clusters, comparisons."""
