"""Floor 4: the outer world knocks. Parse, one command or query, shape the reply; no SQL and no business rule."""
