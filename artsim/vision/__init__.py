"""Bytes to safe pixels; names to backbones; where weights come from; pixels to vectors."""
