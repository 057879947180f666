"""Ray clusters for artsim: files to start them from, and one on this machine to see it all."""
