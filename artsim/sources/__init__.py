"""Sources: each reads one kind of museum catalog and yields catalog rows and rejects."""
