"""The list of the specification's own faults: each entry is needed, and says why."""

import pytest

from tests.conformance.answers import faults_of
from tests.conformance.listed import LISTED, Listed, unlisted

pytestmark = pytest.mark.usefixtures("specification")


@pytest.mark.parametrize("entry", LISTED, ids=lambda entry: f"{entry.path} {entry.status} {entry.errcode}")
def test_an_entry_is_needed_suffices_and_is_explained(entry: Listed) -> None:
    faults = faults_of(entry.answer())
    assert faults, "the specification allows this answer"
    assert unlisted(faults) == []
    assert all(entry.allows(fault) for fault in faults)
    assert entry.reason.endswith(".")


def test_nothing_is_listed_twice() -> None:
    places = [(entry.method, entry.path, entry.status, entry.errcode) for entry in LISTED]
    assert len(set(places)) == len(places)
