"""Local matches: which part of one image shows the same as a part of another."""
