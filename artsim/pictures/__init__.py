"""Thumbnails, contact sheets, strips, scatters: what people look at."""
