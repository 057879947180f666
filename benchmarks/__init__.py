"""One file a claim: a ratio against a named peer, both measured in one run: ``python -m benchmarks.NAME [--quick]``."""
