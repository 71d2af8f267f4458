"""Numbered, append-only steps of the schema; each runs once, in its own transaction."""
