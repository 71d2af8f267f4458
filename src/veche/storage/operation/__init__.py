"""Operation: what administrators did, and backups: their files, and what goes from and into databases."""

from veche.storage.operation.acts import acts, add_act

__all__ = ["acts", "add_act"]
