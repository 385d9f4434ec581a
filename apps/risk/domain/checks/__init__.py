"""The judge's checks: each takes a `Question` and returns the refusals it finds."""
