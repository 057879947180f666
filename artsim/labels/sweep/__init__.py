"""Searches the settings of heads that predict labels, with Ray Tune."""
