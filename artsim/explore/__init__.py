"""Nearest neighbours of artworks, and walks through the latent space."""
