"""Words, stop words, distinctive terms and attributions in texts of five languages; knows no archive."""
