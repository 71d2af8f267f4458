"""Mail addresses of accounts: their rows."""

from veche.domain.accounts.addresses import Address
from veche.domain.ids import UserId
from veche.storage.rows import Rows
from veche.storage.writer import Transaction

_ADDRESS = "address, user_id, validated_ts, added_ts"


def find(rows: Rows, address: str) -> Address | None:
    """Return whose a canonical address is."""
    row = rows.one(f"SELECT {_ADDRESS} FROM addresses WHERE address = ?", address)
    return Address(*row) if row else None


def all_of(rows: Rows, user: UserId) -> list[Address]:
    """Return somebody's addresses, the oldest first."""
    found = rows.all(f"SELECT {_ADDRESS} FROM addresses WHERE user_id = ? ORDER BY added_ts, address", user)
    return [Address(*row) for row in found]


def add(tx: Transaction, new: Address) -> None:
    """Add an address that belongs to no account yet."""
    tx.run(
        f"INSERT INTO addresses ({_ADDRESS}) VALUES (?, ?, ?, ?)",
        new.address,
        new.user,
        new.validated_ts,
        new.added_ts,
    )


def delete(tx: Transaction, user: UserId, address: str) -> bool:
    """Delete an address of somebody; say whether it was theirs."""
    gone = tx.one("DELETE FROM addresses WHERE address = ? AND user_id = ? RETURNING address", address, user)
    return gone is not None
