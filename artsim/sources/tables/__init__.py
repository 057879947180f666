"""The source table: catalogues as CSV, Parquet or lists of images."""
