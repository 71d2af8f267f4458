"""Floor 4: what the server does by itself, through the same commands as everybody."""
