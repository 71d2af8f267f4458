"""Which gateways and authorities the settings name; what is wrong with them stops the start."""

from pathlib import Path

import pytest

from veche.app.settings import BadSetting, defaults
from veche.app.settings.notifications import authorities, push_gateways
from veche.domain.notifications.gateways import Gateways


def test_by_default_nobody_may_be_called() -> None:
    assert push_gateways(defaults()) == Gateways()


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        ({"push_gateways": "ftp://x"}, "neither the address of a gateway nor a network"),
        ({"trusted_authorities": "/nowhere/at/all.pem"}, "there is no file /nowhere/at/all.pem"),
    ],
)
def test_what_cannot_be_is_named(values: dict[str, str], fault: str) -> None:
    with pytest.raises(BadSetting, match=fault):
        push_gateways(defaults() | values)


def test_the_servers_own_authority_is_trusted_once_there_is_one(tmp_path: Path) -> None:
    given = tmp_path / "more.pem"
    given.touch()
    values = defaults() | {"trusted_authorities": str(given)}
    assert authorities(values, tmp_path) == [given]
    own = tmp_path / "tls" / "ca.crt"
    own.parent.mkdir()
    own.touch()
    assert authorities(values, tmp_path) == [own, given]
    assert authorities(defaults(), tmp_path) == [own]
