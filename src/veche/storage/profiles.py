"""Profiles: a person's fields, each a JSON value."""

from typing import Any

from veche.base import json
from veche.domain.ids import UserId
from veche.storage.rows import Rows, all_in
from veche.storage.writer import Transaction


def fields(rows: Rows, user: UserId) -> dict[str, Any]:
    """Return all profile fields of somebody."""
    found = rows.all("SELECT name, value FROM profile_fields WHERE user_id = ? ORDER BY name", user)
    return {name: json.decode(value) for name, value in found}


def names_of(rows: Rows, users: list[UserId]) -> dict[UserId, dict[str, Any]]:
    """Return display name and avatar of several people."""
    found = all_in(
        rows,
        "SELECT user_id, name, value FROM profile_fields WHERE name IN ('displayname', 'avatar_url')"
        " AND user_id IN (??)",
        users,
    )
    profiles: dict[UserId, dict[str, Any]] = {}
    for user, name, value in found:
        profiles.setdefault(user, {})[name] = json.decode(value)
    return profiles


def put(tx: Transaction, user: UserId, name: str, value: Any) -> None:
    """Set one field."""
    tx.run(
        "INSERT INTO profile_fields (user_id, name, value) VALUES (?, ?, ?)"
        " ON CONFLICT (user_id, name) DO UPDATE SET value = excluded.value",
        user,
        name,
        json.encode(value),
    )


def delete(tx: Transaction, user: UserId, name: str) -> None:
    """Delete one field."""
    tx.run("DELETE FROM profile_fields WHERE user_id = ? AND name = ?", user, name)
