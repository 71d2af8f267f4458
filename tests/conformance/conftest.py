"""The specification's files for those tests that read them, and one engine: what is seen from outside is the same."""

import pytest

from tests.ci import is_ci
from tests.conformance import specification as files


@pytest.fixture(scope="session")
def specification() -> None:
    """The files are there; where they are not these tests fail in CI, and are passed over loudly elsewhere."""
    if files.is_here():
        return
    if is_ci():
        pytest.fail(files.absence())
    pytest.skip(files.absence())


@pytest.fixture
def engine_name() -> str:
    """SQLite."""
    return "sqlite"
