"""Ray cluster launcher files for artsim, and a cluster of several nodes on this machine."""
