"""Floor 0: canonical JSON, text and time arithmetic. Knows nothing of the product."""
