"""Pages for browsers: HTML without scripts, in Russian, French and English."""
