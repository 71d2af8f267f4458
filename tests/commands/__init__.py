"""Commands and queries, on both engines."""
