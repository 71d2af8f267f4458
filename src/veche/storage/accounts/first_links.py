"""The links that make the first administrator: one row each, and never the token itself."""

from veche.domain.accounts.first import FirstLink
from veche.storage.rows import Rows
from veche.storage.writer import Transaction


def find(rows: Rows, digest: bytes) -> FirstLink | None:
    """Return the link with this digest, used ones too."""
    row = rows.one("SELECT digest, expires_ts, used_ts FROM first_links WHERE digest = ?", digest)
    return FirstLink(bytes(row[0]), row[1], row[2]) if row else None


def replace(tx: Transaction, link: FirstLink) -> None:
    """Store a fresh link; from now on those that nobody used are unknown."""
    tx.run("DELETE FROM first_links WHERE used_ts IS NULL")
    tx.run("INSERT INTO first_links (digest, expires_ts) VALUES (?, ?)", link.digest, link.expires_ts)


def use(tx: Transaction, digest: bytes, now: int) -> None:
    """Use a link up."""
    tx.run("UPDATE first_links SET used_ts = ? WHERE digest = ?", now, digest)
