"""Two-dimensional maps of an archive: positions, placing of new artworks, grids, exports."""
