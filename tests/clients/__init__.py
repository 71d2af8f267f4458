"""Unmodified client libraries against the real server: nothing here imports the server's code."""
