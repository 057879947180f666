"""Duplicates in an archive: candidates by hash and descriptors, the check of a pair, groups."""
