"""The catalogues: one file a source, each yields catalog rows and what it had to reject."""
