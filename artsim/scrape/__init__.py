"""Fetches images politely and safely: limits per host, robots, address guard, retries, verdicts."""
