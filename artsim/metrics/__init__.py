"""Scores of a space, computed from arrays alone: meanrank and retrieval, each with its interval."""
