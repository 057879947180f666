"""Clusterings of an archive: methods, constraints, comparison of parameters, descriptions of clusters."""
