"""Trained models on disk, and their vectors of a whole archive."""
