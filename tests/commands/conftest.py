"""What tests of commands share: passphrases that cost little, and empty places to restore a backup into."""

from collections.abc import Callable, Iterator
from pathlib import Path
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
def target_name(engine_name: str) -> str:
    """Which engine is restored into: the same, unless a test says otherwise."""
    return engine_name


@pytest.fixture
def empty_place(target_name: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Callable[[], Place]]:
    """Makes an empty folder with an empty database, as often as it is called."""
    cluster = request.getfixturevalue("cluster") if target_name == "postgres" else None
    places = list[Place]()

    def make() -> Place:
        data = tmp_path / f"elsewhere{len(places)}"
        data.mkdir()
        places.append(Place(data, cluster.empty() if cluster else ""))
        return places[-1]

    yield make
    for place in places:
        if cluster:
            cluster.drop(place.database)


@pytest.fixture
def elsewhere(empty_place: Callable[[], Place]) -> Place:
    """An empty folder, and an empty database."""
    return empty_place()
