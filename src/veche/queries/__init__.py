"""Floor 3: everything that only reads. One question, one snapshot."""
