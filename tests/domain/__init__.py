"""The pure rules, as tables."""
