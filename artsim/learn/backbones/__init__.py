"""Fine-tunes backbones: networks that compute features from pixels."""
