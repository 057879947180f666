"""Compares features and models by meanrank on annotations, and by retrieval on links."""
