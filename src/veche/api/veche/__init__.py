"""The endpoints of our own, below ``/_veche/v1/``: what the Matrix specification does not cover."""
