"""Presence: what devices and words come to, how it is told, and what somebody may say of themselves."""

from typing import Any

import pytest

from veche.base.json import LARGEST_INTEGER
from veche.domain.presence import (
    LONGEST_TEXT,
    NOTHING_SAID,
    OFFLINE,
    DeviceState,
    Said,
    Status,
    content_of,
    may_be_busy_until,
    may_say,
    status_of,
)

NOW, IDLE = 1_000_000, 300_000
JUST_NOW, LONG_AGO = NOW - 1, NOW - IDLE
BUSY, BUSY_FOR_A_WHILE, WAS_BUSY = Said("", 1), Said("text", 1, NOW + 1), Said("text", 1, NOW)


@pytest.mark.parametrize(
    ("said", "states", "last_active", "status"),
    [
        (NOTHING_SAID, [], JUST_NOW, OFFLINE),
        (NOTHING_SAID, ["online"], JUST_NOW, Status("online")),
        (NOTHING_SAID, ["unavailable"], JUST_NOW, Status("unavailable")),
        (NOTHING_SAID, ["unavailable", "online", "unavailable"], JUST_NOW, Status("online")),
        (NOTHING_SAID, ["online"], LONG_AGO, Status("unavailable")),
        (NOTHING_SAID, ["online"], LONG_AGO + 1, Status("online")),
        (NOTHING_SAID, ["online"], None, Status("unavailable")),
        (NOTHING_SAID, ["online", "busy"], JUST_NOW, Status("unavailable", None, True)),
        (Said("text"), ["online"], JUST_NOW, Status("online", "text")),
        (Said("text"), [], None, Status("offline", "text")),
        (BUSY, ["online"], JUST_NOW, Status("unavailable", "", True)),
        (BUSY, [], None, Status("offline", "", True)),
        (BUSY_FOR_A_WHILE, ["online"], JUST_NOW, Status("unavailable", "text", True, NOW + 1)),
        (BUSY_FOR_A_WHILE, ["busy"], JUST_NOW, Status("unavailable", "text", True, NOW + 1)),
        (WAS_BUSY, ["online"], JUST_NOW, Status("online", "text")),
        (WAS_BUSY, ["busy"], JUST_NOW, Status("unavailable", "text", True)),
    ],
)
def test_the_status_of_a_person(said: Said, states: list[DeviceState], last_active: int | None, status: Status) -> None:
    assert status_of(said, states, last_active, NOW, IDLE) == status


@pytest.mark.parametrize(
    ("status", "last_active", "content"),
    [
        (OFFLINE, None, {"presence": "offline"}),
        (OFFLINE, NOW - 5, {"presence": "offline", "last_active_ago": 5}),
        (OFFLINE, NOW + 5, {"presence": "offline", "last_active_ago": 0}),
        (
            Status("online", "hi"),
            NOW,
            {"presence": "online", "last_active_ago": 0, "currently_active": True, "status_msg": "hi"},
        ),
        (Status("unavailable", None, True), None, {"presence": "unavailable", "org.veche.busy": True}),
        (
            Status("unavailable", None, True, NOW),
            None,
            {"presence": "unavailable", "org.veche.busy": True, "org.veche.until": NOW},
        ),
    ],
)
def test_how_a_status_is_told(status: Status, last_active: int | None, content: dict[str, Any]) -> None:
    assert content_of(status, last_active, NOW) == content


@pytest.mark.parametrize(
    ("text", "may"),
    [(None, True), ("", True), ("я" * LONGEST_TEXT, True), ("x" * (LONGEST_TEXT + 1), False), ("\x00", False)],
)
def test_the_text_somebody_may_show(text: str | None, may: bool) -> None:
    assert (may_say(text) is None) is may


@pytest.mark.parametrize(
    ("until", "is_busy", "may"),
    [
        (None, False, True),
        (None, True, True),
        (NOW + 1, True, True),
        (NOW + 1, False, False),
        (NOW, True, False),
        (-1, True, False),
        (LARGEST_INTEGER, True, True),
        (LARGEST_INTEGER + 1, True, False),
    ],
)
def test_when_being_busy_may_end(until: int | None, is_busy: bool, may: bool) -> None:
    assert (may_be_busy_until(until, NOW, is_busy=is_busy) is None) is may
