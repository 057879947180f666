"""Benchmarks, one file per claim: artsim and a named peer are measured in one run of ``python -m benchmarks.NAME``."""
