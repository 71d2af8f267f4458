"""Calls: the pass with which a relay lets somebody in, made from a secret that it shares with this server."""

import base64
import hmac

import msgspec

from veche.domain.ids import UserId


class RelayPass(msgspec.Struct, frozen=True):
    """A name that says until when it is good, and the password that proves it."""

    username: str
    password: str


def pass_for(user: UserId, now: int, secret: str, lifetime_ms: int) -> RelayPass:
    """Return a pass for somebody, good for ``lifetime_ms`` from the millisecond ``now`` on.

    coturn's ``use-auth-secret`` and other relays check it: HMAC-SHA1 over ``<second of its end>:<user>``.
    """
    name = f"{(now + lifetime_ms) // 1000}:{user}"
    return RelayPass(name, base64.b64encode(hmac.digest(secret.encode(), name.encode(), "sha1")).decode())
