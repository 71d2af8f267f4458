"""Presence in tests: its rounds come when the test says so, not every second."""

import pytest

from veche.app import upkeep
from veche.commands.context import Context


def by_hand(patch: pytest.MonkeyPatch) -> None:
    """Stop the rounds by themselves; the tests call ``tell_changes`` and ``note_active``."""
    patch.setattr(upkeep, "tell_changes", _nothing)
    patch.setattr(upkeep, "note_active", _nothing)


async def _nothing(ctx: Context) -> None:
    """Stands in for a round."""
