"""What artworks are about and whom they name: topics, names, descriptors."""
