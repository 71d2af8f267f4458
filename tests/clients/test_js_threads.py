"""Threads in matrix-js-sdk: the list of them, what is unread in each and in the room, and receipts that clear it."""

from typing import Any

from tests.clients.js_client import JsClient
from tests.clients.stage import Stage, share_plain_room
from tests.clients.views import until


async def test_a_thread_is_listed_counted_and_read(stage: Stage) -> None:
    anna, boris = await stage.js("anna"), await stage.js("boris")
    room = await share_plain_room(anna, boris)
    root = await anna.send_text(room, "who brings tea?")
    other = await anna.send_text(room, "and who brings cake?")
    await arrived(boris, room, other)
    await boris.mark_read(room, other)
    await until_counted(boris, room, {"room": [0, 0], "threads": {}})

    answers = [await anna.do("send_in_thread", room=room, root=root, text=f"answer {n}") for n in range(2)]
    named = await anna.do("send_in_thread", room=room, root=root, text=boris.user_id[1:].partition(":")[0])
    await until_counted(boris, room, {"room": [0, 0], "threads": {root: [3, 1]}})
    assert await boris.do("thread_list", room=room, mine=False) == [root]
    assert await boris.do("thread_list", room=room, mine=True) == []
    assert await boris.do("known_threads", room=room) == {root: {"answers": 3, "newest": named, "is_mine": False}}

    await boris.mark_read(room, answers[-1])
    await until_counted(boris, room, {"room": [0, 0], "threads": {root: [1, 1]}})
    await boris.mark_read(room, named)
    await until_counted(boris, room, {"room": [0, 0], "threads": {root: [0, 0]}})
    await anna.send_text(room, "outside of it")
    await until_counted(boris, room, {"room": [1, 0], "threads": {root: [0, 0]}})

    mine = await boris.do("send_in_thread", room=room, root=other, text="I do")
    assert await boris.do("thread_list", room=room, mine=True) == [other]
    assert await anna.do("thread_list", room=room, mine=False) == [root, other]
    again = await stage.js_again(boris.account)
    known = await again.do("known_threads", room=room)
    assert known == {
        root: {"answers": 3, "newest": named, "is_mine": False},
        other: {"answers": 1, "newest": mine, "is_mine": True},
    }


async def arrived(person: JsClient, room: str, event: str) -> None:
    """Wait until a message is shown."""
    expected = f"{person.user_id} sees {event}"
    await until(lambda: person.look(room), lambda view: view.message(event) is not None, expected)


async def until_counted(person: JsClient, room: str, counts: dict[str, Any]) -> None:
    """Wait until the SDK counts so many unread messages in a room and its threads."""
    expected = f"{person.user_id} counts {counts} in {room}"
    await until(lambda: person.do("counts", room=room), lambda counted: counted == counts, expected)
