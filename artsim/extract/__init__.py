"""Extracts features: from the images of an archive to a table of vectors per feature."""
