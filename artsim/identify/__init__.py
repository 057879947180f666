"""Identification: which artwork of a reference archive an image of another archive reproduces."""
