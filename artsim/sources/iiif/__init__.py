"""The source iiif: manifests and collections of the IIIF Presentation API."""
