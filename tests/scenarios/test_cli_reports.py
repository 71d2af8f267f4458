"""``veche reports``: reading and closing what people reported, while the server runs and while it does not."""

import json

from tests.cast import ANNA, BORIS, SERVER
from tests.scenarios.test_cli import failed, said
from tests.scenarios.test_cli_care import rows
from tests.stage.people import Town
from tests.stage.sockets import RealTown

ABUSE = "rude\n\x1b[31mred"


async def report(world: Town) -> str:
    """Somebody says something that somebody else reports; return what was said."""
    anna, boris = await world.people(ANNA, BORIS)
    room = (await anna.post("/createRoom", {"preset": "public_chat"})).ok()["room_id"]
    (await boris.post(f"/join/{room}")).ok()
    body = {"msgtype": "m.text", "body": "something ру́дное"}
    event = (await anna.put(f"/rooms/{room}/send/m.room.message/1", body)).ok()["event_id"]
    (await boris.post(f"/rooms/{room}/report/{event}", {"reason": ABUSE})).ok()
    (await boris.post(f"/users/{anna.user}/report", {"reason": ""})).ok()
    (await anna.put(f"/rooms/{room}/redact/{event}/2", {})).ok()
    return str(event)


async def test_reports_are_read_and_closed(world: RealTown) -> None:
    event = await report(world)
    place = ("--data", str(world.server.place.data))
    assert len(rows("reports", "list", *place)) == 2
    world.server.stop()
    (world.server.place.data / "veche.toml").write_text(f'server_name = "{SERVER}"\n')
    (second, first) = rows("reports", "list", *place)
    assert (second[0], second[1], second[3], second[4], second[5]) == (
        "2",
        "open",
        f"@boris:{SERVER}",
        f"user @anna:{SERVER}",
        "-",
    )
    assert first[4].startswith(f"event {event} @anna:{SERVER} !")
    assert first[5] == "rude  [31mred"
    *told, text, redacted = said("reports", "show", "1", *place).splitlines()
    assert "reason\trude  [31mred" in told
    assert json.loads(text)["content"]["body"] == "something ру́дное"
    assert redacted == "The event has been redacted since."
    assert said("reports", "close", "1", "--note", "talked to her", *place) == "Report 1 is closed.\n"
    assert "closed already" in failed("reports", "close", "1", *place)
    assert "no such report" in failed("reports", "show", "9", *place)
    assert [row[0] for row in rows("reports", "list", *place)] == ["2"]
    assert [row[0] for row in rows("reports", "list", "--state", "closed", *place)] == ["1"]
    assert [row[0] for row in rows("reports", "list", "--state", "all", "--limit", "1", *place)] == ["2"]
    (act,) = rows("audit", "--limit", "1", *place)
    assert act[1:] == ["the operator", "close report", f"@anna:{SERVER}", "talked to her"]
