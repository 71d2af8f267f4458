"""Benchmarks: each question of `questions/` is put to a real server over loopback. The server never imports this."""
