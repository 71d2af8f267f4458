"""For those who run the server: health and metrics."""
