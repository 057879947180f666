"""Classification of catalogue columns: heads on features, predictions with probabilities, scores, likely errors."""
