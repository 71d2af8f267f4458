"""Issuing: new devices and their tokens. Who may have one is decided by those who call this."""

import base64

import msgspec

from veche.commands.context import Context
from veche.domain.devices import may_be_device, may_call_device
from veche.domain.ids import DeviceId, UserId
from veche.domain.refusals import Refused, forbidden, refuse
from veche.domain.sessions import Origin, digest_of
from veche.storage import devices, sessions
from veche.storage.encryption import cross_signing
from veche.storage.writer import Transaction

_ACCESS = "vca_"
_REFRESH = "vcr_"
_TOKEN_BYTES = 32
_DEVICE_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_DEVICE_LENGTH = 10
_IS_A_KEY = forbidden("A device may not bear the name of a cross-signing key.")


class SessionWish(msgspec.Struct, frozen=True):
    """What a client asks of its session: a device of its choice, a name for it, tokens that it will refresh.

    ``origin`` is from where it asks.
    """

    device: DeviceId | None = None
    device_name: str | None = None
    is_refreshed: bool = False
    origin: Origin = Origin()


class NewSession(msgspec.Struct, frozen=True):
    """A session as the client learns of it; the lifetime in milliseconds belongs to the access token."""

    device: DeviceId
    access_token: str
    refresh_token: str | None = None
    expires_in_ms: int | None = None


def prepare(ctx: Context, wish: SessionWish) -> NewSession:
    """Make the secrets of a session that is not stored yet; refuses device ids and names that cannot be."""
    if wish.device:
        refuse(may_be_device(wish.device))
    refuse(may_call_device(wish.device_name))
    return new_tokens(ctx, wish.device or _device_id(ctx), is_refreshed=wish.is_refreshed)


def new_tokens(ctx: Context, device: DeviceId, *, is_refreshed: bool) -> NewSession:
    """Make an access token, and where it is to be refreshed its lifetime and refresh token."""
    access = new_secret(ctx, _ACCESS)
    if not is_refreshed:
        return NewSession(device, access)
    return NewSession(device, access, new_secret(ctx, _REFRESH), ctx.limits.access_token_lifetime_ms)


def open_session(tx: Transaction, ctx: Context, user: UserId, name: str | None, session: NewSession) -> None:
    """Store a session and its device. Tokens that the device had before end here."""
    if cross_signing.is_public_key(tx, user, session.device):
        raise Refused(_IS_A_KEY)
    revoke_device(tx, ctx, user, session.device)
    devices.add(tx, user, session.device, name, ctx.clock())
    store_tokens(tx, ctx, user, session)


def store_tokens(tx: Transaction, ctx: Context, user: UserId, session: NewSession) -> None:
    """Store the digests of a session's tokens."""
    refresh = digest_of(session.refresh_token) if session.refresh_token else None
    expires = ctx.clock() + session.expires_in_ms if session.expires_in_ms is not None else None
    if refresh is not None:
        sessions.add_refresh(tx, refresh, user, session.device)
    sessions.add_access(tx, digest_of(session.access_token), user, session.device, expires, refresh)


def revoke_device(tx: Transaction, ctx: Context, user: UserId, device: DeviceId) -> None:
    """Delete all tokens of a device."""
    forget(tx, ctx, user, device, sessions.delete_of_device(tx, user, device))


def forget(tx: Transaction, ctx: Context, user: UserId, device: DeviceId, gone: list[bytes]) -> None:
    """Once it is on disk, let memory forget these tokens and send the device's long polls away."""
    if not gone:
        return

    def effect() -> None:
        ctx.live.sessions.drop(*gone)
        ctx.live.notifier.wake_user(user, device)

    tx.after(effect)


def new_secret(ctx: Context, prefix: str) -> str:
    """Return a new token that nobody guesses; ``prefix`` says what it is for."""
    return prefix + base64.urlsafe_b64encode(ctx.random(_TOKEN_BYTES)).decode().rstrip("=")


def _device_id(ctx: Context) -> DeviceId:
    return DeviceId("".join(_DEVICE_LETTERS[byte % 32] for byte in ctx.random(_DEVICE_LENGTH)))
