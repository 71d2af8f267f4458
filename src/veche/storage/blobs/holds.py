"""Holds: contents that somebody is about to refer to, and that therefore nobody may delete.

All of it happens on the loop, so that each step is whole; only what lies between two awaits has to be thought about.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator

from veche.domain.ids import Digest


class Holds:
    """Keeps those who store a content apart from the one who deletes it.

    The hold is taken first and the deletion is waited for second: from then on the store may look whether the
    content is there. A deletion begins only where nobody holds, and its end is told to those who came meanwhile.
    """

    def __init__(self) -> None:
        self._held: Counter[Digest] = Counter()
        self._deletions: dict[Digest, asyncio.Future[None]] = {}

    async def take(self, digest: Digest) -> None:
        """Hold a content, once more for each call; returns when no deletion of it is under way."""
        self._held[digest] += 1
        try:
            while deletion := self._deletions.get(digest):
                await asyncio.wait([deletion])
        except BaseException:
            self.give_back(digest)
            raise

    def give_back(self, digest: Digest) -> None:
        """End one hold."""
        self._held[digest] -= 1
        if not self._held[digest]:
            del self._held[digest]

    def is_held(self, digest: Digest) -> bool:
        """Say whether somebody holds the content now."""
        return digest in self._held

    @contextlib.asynccontextmanager
    async def deleting(self, digest: Digest) -> AsyncIterator[bool]:
        """Say whether the content may be deleted now; if so, it must have happened, or have failed, inside."""
        if self.is_held(digest) or digest in self._deletions:
            yield False
            return
        deletion = self._deletions[digest] = asyncio.get_running_loop().create_future()
        try:
            yield True
        finally:
            del self._deletions[digest]
            deletion.set_result(None)
