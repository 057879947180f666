"""Catalogue sources: each reads one kind of catalogue and yields catalog rows and rejects."""
