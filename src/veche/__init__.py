"""Veche: a self-hosted workplace for organisations on closed networks."""

__version__ = "0.1.0"
