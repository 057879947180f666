"""The source table: catalogs as CSV, Parquet or lists of images."""
