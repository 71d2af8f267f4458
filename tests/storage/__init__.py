"""The writer, the readers and the tables, on both engines."""
