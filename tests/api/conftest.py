"""One engine is enough here: what differs between the two is tested on the floors below."""

import pytest


@pytest.fixture
def engine_name() -> str:
    """SQLite."""
    return "sqlite"
