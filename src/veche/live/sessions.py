"""Access tokens that were looked up lately, so that identifying an asker needs no database, and when they were used.

Entries are dropped when a token's session changes; the database stays the truth.
"""

import msgspec

from veche.domain.sessions import Asker, Origin, Whence

MOST = 50_000
NOTED_EVERY_MS = 60_000


class Use(msgspec.Struct, frozen=True):
    """Somebody used a token at that millisecond; ``origin`` is None where it is not known."""

    asker: Asker
    ts: int
    origin: Origin | None


class KnownSessions:
    """Maps a token's digest to its asker and, where it expires, to the millisecond of that."""

    def __init__(self) -> None:
        self._known: dict[bytes, _Known] = {}
        self._uses: dict[bytes, Use] = {}
        self.generation = 0

    def find(self, digest: bytes, now: int, whence: Whence) -> Asker | None:
        """Return the asker of a token that is known and has not expired; note its use once a minute."""
        known = self._known.get(digest)
        if known is None or (known.expires is not None and known.expires <= now):
            return None
        if now - known.noted >= NOTED_EVERY_MS:
            known.noted = now
            self._uses[digest] = Use(known.asker, now, whence())
        return known.asker

    def knows(self, digest: bytes, now: int) -> bool:
        """Say whether a token is known and has not expired."""
        known = self._known.get(digest)
        return known is not None and (known.expires is None or known.expires > now)

    def put(self, use: Use, expires: int | None, generation: int) -> None:
        """Remember a token that was looked up since ``generation``, and this first use of it.

        Where any token was dropped meanwhile the reading may be older than the drop, so it is not kept.
        """
        if generation != self.generation:
            return
        if len(self._known) >= MOST:
            del self._known[next(iter(self._known))]
        self._known[use.asker.digest] = _Known(use.asker, expires, use.ts)
        self._uses[use.asker.digest] = use

    def drop(self, *digests: bytes) -> None:
        """Forget these tokens."""
        self.generation += 1
        for digest in digests:
            self._known.pop(digest, None)
            self._uses.pop(digest, None)

    def used(self) -> frozenset[bytes]:
        """Return the tokens whose use was noted and not yet taken."""
        return frozenset(self._uses)

    def take_uses(self, most: int) -> list[Use]:
        """Return at most so many noted uses, oldest first, and forget them."""
        taken = [self._uses[digest] for digest in list(self._uses)[:most]]
        for use in taken:
            del self._uses[use.asker.digest]
        return taken


class _Known:
    """A token's asker, when it expires and when its use was last noted."""

    __slots__ = ("asker", "expires", "noted")

    def __init__(self, asker: Asker, expires: int | None, noted: int) -> None:
        self.asker = asker
        self.expires = expires
        self.noted = noted
