"""Drawing annotations: which nine artworks to ask a curator about, and the page that asks."""
