"""Trains heads: small networks on stored features."""
