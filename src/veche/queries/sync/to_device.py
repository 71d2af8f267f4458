"""The stream of messages to one device: what waits in its inbox, at most 100 to an answer."""

from veche.domain.ids import Position
from veche.domain.sessions import Asker
from veche.storage.encryption import to_device
from veche.storage.reader import Snapshot

MOST = 100


def inbox(at: Snapshot, asker: Asker, since: Position) -> tuple[list[bytes], Position]:
    """Return the asker's device's messages after ``since``, in the order of arrival, and the new inbox position.

    That is the snapshot's position where nothing more waits. Otherwise it is the last message's, so that the next
    request returns at once with more (section Extensions to /sync).
    """
    found = to_device.waiting(at, asker.user, asker.device, since, MOST + 1)
    messages = [json for _, json in found[:MOST]]
    return messages, found[MOST - 1][0] if len(found) > MOST else at.position
