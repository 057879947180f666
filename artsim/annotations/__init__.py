"""Curators' annotations and links: store, text format, import and export, checks, simulated curators, splits."""
