"""Learning from curators' annotations: splits, losses, encoders, mining, training and sweeps."""
