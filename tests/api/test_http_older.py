"""Paths of earlier versions of the specification, and what is not served."""

import msgspec
import pytest

from tests.cast import ANNA
from tests.stage.older import older_paths
from tests.stage.world import World
from veche.api.http.router import Router
from veche.api.table import ENDPOINTS


@pytest.mark.parametrize("older", ["r0", "v1", "api/v1"])
async def test_clients_of_earlier_versions_are_answered(world: World, older: str) -> None:
    anna = await world.person(ANNA)
    for path in ("/account/whoami", "/joined_rooms", "/pushrules/global", f"/profile/{anna.user}", "/sync"):
        now = (await anna.get(path)).ok()
        assert (await anna.get(f"/_matrix/client/{older}{path}")).ok().keys() == now.keys()
    (await world.call("GET", f"/_matrix/client/{older}/account/whoami")).refused(401, "M_MISSING_TOKEN")
    (await anna.get(f"/_matrix/client/{older}/nowhere")).refused(404, "M_UNRECOGNIZED")
    (await anna.get(f"/_matrix/client/{older}/login/get_token")).refused(405, "M_UNRECOGNIZED")


def test_older_beginnings_lead_to_the_same_endpoint() -> None:
    router = Router(ENDPOINTS)
    for endpoint in ENDPOINTS:
        matched = {router.match(endpoint.method, path.encode())[0].path for path in older_paths(endpoint.path)}
        assert matched <= {endpoint.path}
    assert older_paths("/_matrix/client/v3/sync") == (
        "/_matrix/client/r0/sync",
        "/_matrix/client/v1/sync",
        "/_matrix/client/api/v1/sync",
    )
    assert older_paths("/_matrix/client/v3sync") == older_paths("/_veche/v1/me") == ()


@pytest.mark.parametrize("older", older_paths("/_matrix/client/v3/sync"))
def test_no_older_path_is_declared_besides(older: str) -> None:
    [sync] = [endpoint for endpoint in ENDPOINTS if endpoint.path == "/_matrix/client/v3/sync"]
    for wrong in (
        (sync, msgspec.structs.replace(sync, path=older)),
        (msgspec.structs.replace(sync, aliases=(older,)),),
    ):
        with pytest.raises(ValueError, match="is declared twice"):
            Router(wrong)


@pytest.mark.parametrize(
    "path",
    [
        "/_matrix/media/v3/preview_url",
        "/_matrix/client/v1/media/preview_url",
        "/_matrix/client/v1/auth_metadata",
        "/_matrix/client/v3/login/sso/redirect",
        "/_matrix/client/v3/login/sso/redirect/saml",
        "/_matrix/federation/v1/version",
    ],
)
async def test_what_is_not_served_yet_says_so(world: World, path: str) -> None:
    anna = await world.person(ANNA)
    (await anna.get(path)).refused(404, "M_UNRECOGNIZED")
