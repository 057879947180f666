"""Fetches images within rate limits and robots.txt, refuses unsafe addresses, retries, and records a status per row."""
