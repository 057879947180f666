"""Classification of catalog columns: heads on features, predictions with probabilities, scores, likely errors."""
