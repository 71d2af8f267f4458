"""What was reported: a message that was redacted since, so that its text stands in the report alone."""

from tests.authorisation.askers import ADMINISTRATOR, SERVER_ADMINISTRATOR
from tests.authorisation.scene import Scene

_ADMINISTRATORS = frozenset((SERVER_ADMINISTRATOR,))


async def plant_reports(scene: Scene) -> None:
    """Say something in a room of one's own, report it, and take it back."""
    founder = scene.people[ADMINISTRATOR]
    room = (await founder.post("/createRoom")).ok()["room_id"]
    said = {"msgtype": "m.text", "body": scene.canaries.plant("reported event", _ADMINISTRATORS)}
    event = (await founder.put(f"/rooms/{room}/send/m.room.message/reported", said)).ok()["event_id"]
    reason = {"reason": scene.canaries.plant("reason of the report", _ADMINISTRATORS)}
    (await founder.post(f"/rooms/{room}/report/{event}", reason)).ok()
    (await founder.put(f"/rooms/{room}/redact/{event}/reported", {})).ok()
