"""Operation: what administrators did, and the rules of backups."""

from veche.domain.operation.acts import MOST_ACTS, Act

__all__ = ["MOST_ACTS", "Act"]
