"""Push rules in matrix-js-sdk: what is changed on one device counts, and the other device learns of it."""

from collections.abc import Callable
from typing import Any

from tests.clients.js_client import JsClient
from tests.clients.stage import Stage, share_plain_room
from tests.clients.views import until


async def test_keywords_mutes_and_counts(stage: Stage) -> None:
    anna, boris = await stage.js("anna"), await stage.nio("boris")
    room = await share_plain_room(anna, boris)
    tablet = await stage.js_again(anna.account)
    await boris.send_text(room, "tea?")
    await until_counted(anna, room, [1, 0])

    await tablet.do("add_keyword", word="cake")
    await until_rules(anna, lambda rules: rules["content"].get("cake") is True)
    await boris.send_text(room, "cake!")
    await until_counted(anna, room, [2, 1])
    await until_counted(tablet, room, [2, 1])

    await tablet.do("enable_rule", kind="content", rule="cake", enabled=False)
    await until_rules(anna, lambda rules: rules["content"]["cake"] is False)
    await boris.send_text(room, "more cake!")
    await until_counted(anna, room, [3, 0])  # all that is unread is judged by the rules as they are now
    await anna.do("remove_keyword", word="cake")
    await until_rules(tablet, lambda rules: "cake" not in rules["content"])

    await anna.do("mute", room=room, muted=True)
    await until_rules(tablet, lambda rules: room in {*rules["room"], *rules["override"]})
    last = await boris.send_text(room, "nobody hears this")
    await until(lambda: tablet.look(room), lambda view: view.message(last) is not None, f"{last} arrives")
    await until_counted(tablet, room, [0, 0])
    await anna.do("mute", room=room, muted=False)
    await until_rules(tablet, lambda rules: room not in {*rules["room"], *rules["override"]})
    heard = await boris.send_text(room, "heard again")
    await until_counted(tablet, room, [5, 0])
    await tablet.mark_read(room, heard)
    await until_counted(anna, room, [0, 0])


async def until_counted(person: JsClient, room: str, expected: list[int]) -> None:
    """Wait until the SDK counts so many unread messages in a room, and so many of them for this person."""
    told = f"{person.user_id} counts {expected} in {room}"
    await until(lambda: person.do("counts", room=room), lambda found: found["room"] == expected, told)


async def until_rules(person: JsClient, holds: Callable[[Any], bool]) -> None:
    """Wait until a device has been told of push rules that are so."""
    await until(lambda: person.do("rules"), holds, f"{person.user_id} learns of changed rules")
