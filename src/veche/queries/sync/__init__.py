"""Sync: what is new for somebody, and everything for whoever comes first. One file per stream.

``loop`` listens, reads one snapshot, asks every stream, and answers or waits.
"""
