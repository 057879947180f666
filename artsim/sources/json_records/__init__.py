"""Catalogs as JSON: records, API answers, tables stored as objects."""
