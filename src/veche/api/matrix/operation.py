"""Discovery: versions, well-known, capabilities; and ``/health``."""

from typing import Any

import msgspec

from veche.api.http.contract import Door, Empty, Endpoint, RequestFacts
from veche.domain.refusals import Refused, not_found
from veche.domain.rooms import DEFAULT_ROOM_VERSION, ROOM_VERSIONS
from veche.domain.sessions import Asker
from veche.queries.operation import last_backup

MATRIX_VERSIONS = ("r0.6.1", *(f"v1.{minor}" for minor in range(1, 20)))
"""Older ones too: many clients look for the version that they were written for, and each later one holds it."""


class Versions(msgspec.Struct, frozen=True):
    """``GET /versions``."""

    versions: tuple[str, ...]
    unstable_features: dict[str, bool]


class WithFacts(msgspec.Struct, frozen=True):
    """A request of which only the circumstances matter."""

    request: RequestFacts


class CertificateHealth(msgspec.Struct, frozen=True):
    """The certificate of HTTPS. ``ends_soon`` asks for somebody's doing: what the server made it renews itself."""

    is_given: bool
    days_left: int
    ends_soon: bool


class BackupHealth(msgspec.Struct, frozen=True):
    """How the last backup ended, and when (ms since 1970)."""

    is_whole: bool
    ended_ts: int


class Health(msgspec.Struct, frozen=True):
    """``GET /health``: the newest position, how many commands wait, the certificate where HTTPS is spoken, and the last
    backup, where one was tried.
    """

    status: str
    position: int
    waiting: int
    certificate: CertificateHealth | None
    backup: BackupHealth | None


async def versions(door: Door, asker: Asker, query: Empty) -> Versions:
    """List the versions of the specification that this server speaks (section API Versions)."""
    return Versions(MATRIX_VERSIONS, {})


async def well_known(door: Door, asker: Asker, query: WithFacts) -> dict[str, Any]:
    """Say where the server is: as it was set, else where it was found (section Well-known URI)."""
    address = door.queries.limits.public_address
    if not address and not query.request.host:
        raise Refused(not_found("Nobody has set the address of this server."))
    address = address or f"{'https' if query.request.is_secure else 'http'}://{query.request.host}"
    return {"m.homeserver": {"base_url": address}}


async def support(door: Door, asker: Asker, query: Empty) -> dict[str, Any]:
    """Say whom people may turn to (section Server administration); 404 where nobody has been named."""
    limits = door.queries.limits
    told: dict[str, Any] = {"contacts": list(limits.support_contacts), "support_page": limits.support_page}
    if not any(told.values()):
        raise Refused(not_found("Nobody has said whom to turn to."))
    return {name: value for name, value in told.items() if value}


async def policy_server(door: Door, asker: Asker, query: Empty) -> dict[str, Any]:
    """Return the public key of the policy server under this name (section Policy Servers); 404 where there is none."""
    key = door.queries.limits.policy_server_key
    if not key:
        raise Refused(not_found("There is no policy server under this name."))
    return {"public_keys": {"ed25519": key}}


async def capabilities(door: Door, asker: Asker, query: Empty) -> dict[str, Any]:
    """Say what accounts on this server can do (section Capabilities negotiation)."""
    yes, no = {"enabled": True}, {"enabled": False}
    moderates = {"m.account_moderation": {"suspend": True, "lock": True}} if asker.role == "administrator" else {}
    return {
        "capabilities": {
            **moderates,
            "m.3pid_changes": yes if door.queries.limits.sends_mail else no,
            "m.change_password": yes,
            "m.forget_forced_upon_leave": no,
            "m.get_login_token": yes if door.queries.limits.login_tokens else no,
            "m.profile_fields": yes,
            "m.room_versions": {
                "available": dict.fromkeys(ROOM_VERSIONS, "stable"),
                "default": DEFAULT_ROOM_VERSION,
            },
            "m.set_avatar_url": yes,
            "m.set_displayname": yes,
        }
    }


async def health(door: Door, asker: Asker, query: Empty) -> Health:
    """Answer from the database: the server lives and can read."""
    position = await door.queries.reader.run(lambda at: at.position)
    backup = await last_backup(door.queries)
    told = BackupHealth(backup.fault is None, backup.ended_ts) if backup else None
    return Health("ok", position, door.commands.writer.waiting, _certificate(door), told)


def _certificate(door: Door) -> CertificateHealth | None:
    state = door.queries.live.condition.certificate
    if state is None:
        return None
    return CertificateHealth(state.is_given, state.days_left, state.ends_soon)


ENDPOINTS = (
    Endpoint("GET", "/_matrix/client/versions", "public", "none", Empty, Versions, versions),
    Endpoint("GET", "/.well-known/matrix/client", "public", "none", WithFacts, dict[str, Any], well_known),
    Endpoint("GET", "/.well-known/matrix/support", "public", "none", Empty, dict[str, Any], support),
    Endpoint("GET", "/.well-known/matrix/policy_server", "public", "none", Empty, dict[str, Any], policy_server),
    Endpoint("GET", "/_matrix/client/v3/capabilities", "user", "read", Empty, dict[str, Any], capabilities),
    Endpoint("GET", "/health", "public", "none", Empty, Health, health),
)
