"""Searches training settings with Ray Tune."""
