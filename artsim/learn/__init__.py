"""Learn a curator's eye: annotations and splits, losses, encoders, mining, the training and its sweep."""
