"""Nearest neighbors of artworks, and walks through the latent space."""
