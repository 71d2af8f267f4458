"""What tests of commands share: passphrases that cost little, and empty places to restore a backup into."""

from collections.abc import Callable, Iterator
from unittest.mock import patch

import pytest

from tests.stage.databases import Place
from veche.storage.operation import sealing


@pytest.fixture
def cheap_key() -> Iterator[None]:
    """Let the passphrase be stretched only a little."""
    with patch.object(sealing, "_COST", 2**8):
        yield


@pytest.fixture
def elsewhere(empty_place: Callable[[], Place]) -> Place:
    """An empty folder, and an empty database."""
    return empty_place()
