"""Password hashing with argon2id, at most two at once: each takes 19 MiB and some 16 ms of a core."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from veche.domain.refusals import Refusal, Refused

T = TypeVar("T")

AT_ONCE = 2
LONGEST_QUEUE = 200
BUSY = Refusal("M_UNKNOWN", 503, "Too many people sign in at once; please try again.", extra={"retry_after_ms": 2000})

_NOBODY = "$argon2id$v=19$m=19456,t=2,p=1$zb3SlCkQfA3J/nshpltTww$iN9BSJEil1mpGwwUNLKMD3pDYWR5IdpNQmACB2UYzY8"
"""A hash that no password has, of the same cost: checking it hides whether an account exists."""


class Argon2:
    """Hashes and checks passwords on threads of its own."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
        self._waiting = 0
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="veche-hashing")

    async def hash(self, password: str) -> str:
        """Return the argon2id hash of a password."""
        return await self._on_thread(self._hasher.hash, password.encode("utf-8", "surrogatepass"))

    async def verify(self, hash: str | None, password: str) -> bool:
        """Say whether ``password`` belongs to ``hash``; no hash takes as long and is always wrong."""
        matches = await self._on_thread(self._verified, hash or _NOBODY, password)
        return matches and hash is not None

    def close(self) -> None:
        """End the threads."""
        self._threads.shutdown()

    async def _on_thread(self, work: Callable[..., T], *params: Any) -> T:
        """Run ``work`` where the loop does not wait for it; 503 when too many wait already."""
        if self._waiting >= LONGEST_QUEUE:
            raise Refused(BUSY)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work, *params)
        finally:
            self._waiting -= 1

    def _verified(self, hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(hash, password.encode("utf-8", "surrogatepass"))
        except (VerificationError, InvalidHashError):
            return False
