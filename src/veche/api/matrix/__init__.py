"""The Matrix Client-Server API, one file per subject."""
