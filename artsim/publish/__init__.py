"""Publishes an archive as static files: the page of ``artsim.web`` and one HTML page per artwork, without a server."""
