"""Which addresses may be contacted, retries, the User-Agent, and a client for catalogs' web APIs."""
