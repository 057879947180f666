"""Neighbours and walks; clusters; layouts."""
