"""Floor 2: what lives only in memory and dies with the process. Never touches the database, never is the truth."""
