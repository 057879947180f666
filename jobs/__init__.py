"""The jobs: each reads some tables of an archive, does one thing, and writes one table, model or picture."""
