"""Decodes images safely, loads backbones and their weights, and computes feature vectors."""
