"""Passwords: argon2id with the parameters of the house, away from the loop, and the same work for nobody's password."""

import asyncio
from collections.abc import Iterator
from unittest.mock import patch

import pytest

from veche.domain.refusals import Refused
from veche.integrations import hashing
from veche.integrations.hashing import Argon2


@pytest.fixture
def argon2() -> Iterator[Argon2]:
    made = Argon2()
    yield made
    made.close()


async def test_a_password_matches_its_hash_only(argon2: Argon2) -> None:
    hashed = await argon2.hash("пароль")
    assert hashed.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert await argon2.verify(hashed, "пароль")
    assert not await argon2.verify(hashed, "parol")
    assert not await argon2.verify("not a hash", "пароль")
    assert await argon2.hash("пароль") != hashed


async def test_no_hash_costs_as_much_and_is_always_wrong(argon2: Argon2) -> None:
    with patch.object(argon2, "_verified", return_value=True) as verified:
        assert not await argon2.verify(None, "anything")
    checked, _ = verified.call_args.args
    assert checked.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


async def test_too_many_at_once_are_sent_away(argon2: Argon2, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hashing, "LONGEST_QUEUE", 2)
    work = [asyncio.ensure_future(argon2.hash("x")) for _ in range(3)]
    results = await asyncio.gather(*work, return_exceptions=True)
    assert [isinstance(result, Refused) for result in results] == [False, False, True]
    assert isinstance(await argon2.hash("x"), str)
