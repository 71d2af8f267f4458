"""Operation: what administrators do is written down; backups are made, read, checked and put back."""

from veche.commands.operation.acts import note_act

__all__ = ["note_act"]
