"""artsim reads a whole image archive, learns from curators which artworks belong together, and shows it."""
