"""The proof from the specification's own files: every operation, every answer, every event that the server makes."""
