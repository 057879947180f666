"""Adds the rows of a source to the catalog: validation, duplicates, rejects, commit."""
