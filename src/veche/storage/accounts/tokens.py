"""Registration tokens: their rows, and the rooms that they lead into."""

from collections.abc import Iterable

from msgspec.structs import replace

from veche.domain.accounts.tokens import RegistrationToken
from veche.domain.ids import RoomId
from veche.domain.moderation import may_go_on
from veche.storage import moderation
from veche.storage.rows import Rows
from veche.storage.writer import Transaction

_TOKEN = "token, uses_allowed, uses_done, expires_ts, created_ts, revoked_ts, role, made_by"


def find(rows: Rows, text: str) -> RegistrationToken | None:
    """Return a registration token, useless ones too."""
    row = rows.one(f"SELECT {_TOKEN} FROM registration_tokens WHERE token = ?", text) if "\x00" not in text else None
    if row is None:
        return None
    found = rows.all("SELECT room_id FROM registration_token_rooms WHERE token = ? ORDER BY room_id", text)
    return replace(RegistrationToken(*row), rooms=tuple(room for (room,) in found))


def find_valid(rows: Rows, text: str, now: int) -> RegistrationToken | None:
    """Return a token with which somebody may still register."""
    token = find(rows, text)
    return token if token and token.is_valid(now, maker_rules=maker_rules(rows, token, now)) else None


def maker_rules(rows: Rows, token: RegistrationToken, now: int) -> bool:
    """Say whether who made a token may administer now; whoever runs the server always may."""
    if token.made_by is None:
        return True
    maker = moderation.standing(rows, token.made_by, now)
    return maker is not None and maker.role == "administrator" and may_go_on(maker) is None


def everything(rows: Rows) -> list[RegistrationToken]:
    """Return all registration tokens in the order of their making."""
    rooms: dict[str, tuple[RoomId, ...]] = {}
    for text, room in rows.all("SELECT token, room_id FROM registration_token_rooms ORDER BY token, room_id"):
        rooms[text] = (*rooms.get(text, ()), room)
    found = rows.all(f"SELECT {_TOKEN} FROM registration_tokens ORDER BY created_ts, token")
    return [replace(RegistrationToken(*row), rooms=rooms.get(row[0], ())) for row in found]


def add(tx: Transaction, token: RegistrationToken) -> bool:
    """Add a registration token; say False where it exists."""
    row = tx.one(
        f"INSERT INTO registration_tokens ({_TOKEN}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT DO NOTHING RETURNING token",
        token.token,
        token.uses_allowed,
        token.uses_done,
        token.expires_ts,
        token.created_ts,
        token.revoked_ts,
        token.role,
        token.made_by,
    )
    if row is not None:
        _add_rooms(tx, token.token, token.rooms)
    return row is not None


def use(tx: Transaction, text: str) -> None:
    """Count one use."""
    tx.run("UPDATE registration_tokens SET uses_done = uses_done + 1 WHERE token = ?", text)


def revoke(tx: Transaction, text: str, now: int) -> None:
    """Make a token invalid; one that is so already stays as it was."""
    tx.run("UPDATE registration_tokens SET revoked_ts = ? WHERE token = ? AND revoked_ts IS NULL", now, text)


def promise_other_room(tx: Transaction, old: RoomId, new: RoomId) -> None:
    """Let tokens that promise one room promise another, which none of them does yet."""
    tx.run("UPDATE registration_token_rooms SET room_id = ? WHERE room_id = ?", new, old)


def _add_rooms(tx: Transaction, text: str, rooms: Iterable[RoomId]) -> None:
    for room in dict.fromkeys(rooms):
        tx.run("INSERT INTO registration_token_rooms (token, room_id) VALUES (?, ?)", text, room)
