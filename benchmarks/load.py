"""The load itself: members on long polls and senders, driven by callbacks. Knows no question and no target."""

import asyncio
import re
import time
from collections.abc import Sequence
from urllib.parse import quote

from benchmarks.people import CLIENT, LAZY_1000, Person, store_filter, sync_path, together, token_now
from benchmarks.wire import Pool, Wire, connect, connect_many

MESSAGE = b'"msgtype"'
STAMP = re.compile(rb'"body":"at (\d{16})')
NEXT_BATCH = b'"next_batch":"'


class Crowd:
    """Members on long polls; counts what all of them received together: messages, unless ``mark`` marks others."""

    def __init__(self, mark: bytes = MESSAGE) -> None:
        self._mark = mark
        self.pollers: list[Poller] = []
        self.messages = self.answers = 0
        self.delays: list[float] | None = None
        self.failures: list[str] = []
        self._goal = 0
        self._reached: asyncio.Future[None] | None = None

    def heard(self, body: bytes) -> None:
        """One answer came to one of the members."""
        self.answers += 1
        self.messages += body.count(self._mark)
        if self.delays is not None:
            now = time.perf_counter() * 1e6
            self.delays += [(now - int(stamp)) / 1e3 for stamp in STAMP.findall(body)]
        if self._reached is not None and self.messages >= self._goal and not self._reached.done():
            self._reached.set_result(None)

    def forget(self) -> None:
        """Counts from zero."""
        self.messages = self.answers = 0

    async def has_heard(self, goal: int, patience: float = 30.0) -> None:
        """Returns when `goal` messages were received since `forget`. Raises RuntimeError when they do not come."""
        if self.messages >= goal:
            return
        self._goal, self._reached = goal, asyncio.get_running_loop().create_future()
        try:
            await asyncio.wait_for(self._reached, patience)
        except TimeoutError:
            lost = f"{goal - self.messages} of {goal} deliveries never came"
            raise RuntimeError(f"{lost}; {len(self.failures)} polls failed {self.failures[:3]}") from None
        finally:
            self._reached = None

    def leave(self) -> None:
        """Everybody hangs up."""
        for poller in self.pollers:
            poller.stop()


class Poller:
    """One member's client: polls, notes what came, polls again."""

    def __init__(self, crowd: Crowd, wire: Wire, person: Person, chosen: str, since: str) -> None:
        self._crowd, self._wire = crowd, wire
        self._head = f"GET {sync_path(chosen, timeout=30000)}&since=".encode()
        self._tail = f" HTTP/1.1\r\nHost: bench.example\r\nAuthorization: Bearer {person.token}\r\n\r\n".encode()
        self._since = since.encode()
        self._stopped = False

    def poll(self) -> None:
        """Asks; the answer leads to the next poll."""
        self._wire.ask(self._head + self._since + self._tail, self._answered)

    def stop(self) -> None:
        """Hangs up."""
        self._stopped = True
        self._wire.close()

    def _answered(self, status: int, body: bytes) -> None:
        if self._stopped:
            return
        if status != 200:
            self._crowd.failures.append(f"{status} {body[:200]!r}")
            return
        at = body.index(NEXT_BATCH) + len(NEXT_BATCH)
        self._since = body[at : body.index(b'"', at)]
        self.poll()
        self._crowd.heard(body)


class Sender:
    """One person who writes into one room, one message at a time."""

    def __init__(self, port: int, person: Person, room: str) -> None:
        self._port = port
        self._wire = Wire()
        self._path = f"PUT {CLIENT}/rooms/{quote(room, safe='')}/send/m.room.message/b".encode()
        body_length = len(_body(0))
        self._middle = (
            f" HTTP/1.1\r\nHost: bench.example\r\nAuthorization: Bearer {person.token}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {body_length}\r\n\r\n"
        ).encode()
        self._count = 0

    async def send(self) -> float:
        """Milliseconds from the request to its acknowledgement. A lost connection repeats the transaction id."""
        self._count += 1
        began = time.perf_counter()
        message = b"%b%d%b%b" % (self._path, self._count, self._middle, _body(int(began * 1e6)))
        for _ in range(2):
            if not self._wire.is_open:
                self._wire = await connect(self._port)
            status, answer = await self._wire.fetch(message)
            if status:
                break
        if status != 200:
            raise RuntimeError(f"send: {status} {answer[:300]!r}")
        return (time.perf_counter() - began) * 1e3


async def gather_crowd(pool: Pool, port: int, people: Sequence[Person]) -> Crowd:
    """Everybody in `people` on a long poll that waits, with lazy members and up to 1,000 timeline events an answer."""
    crowd = Crowd()
    filters = await together(store_filter(pool, person, LAZY_1000) for person in people)
    tokens = await together(token_now(pool, person) for person in people)
    wires = await connect_many(port, len(people))
    for wire, person, chosen, since in zip(wires, people, filters, tokens, strict=True):
        crowd.pollers.append(Poller(crowd, wire, person, chosen, since))
    for poller in crowd.pollers:
        poller.poll()
    await asyncio.sleep(0.5)
    return crowd


async def send_as_acknowledged(senders: Sequence[Sender], seconds: float) -> list[float]:
    """All at once, each writing its next message after the acknowledgement. Milliseconds of each acknowledgement."""
    end = time.perf_counter() + seconds
    delays: list[float] = []

    async def go_on(sender: Sender) -> None:
        while time.perf_counter() < end:
            delays.append(await sender.send())

    await together(go_on(sender) for sender in senders)
    return delays


async def send_in_turn(senders: Sequence[Sender], seconds: float) -> list[float]:
    """One message under way at any time, the senders taking turns. Milliseconds of every acknowledgement."""
    end = time.perf_counter() + seconds
    delays: list[float] = []
    while time.perf_counter() < end:
        delays.append(await senders[len(delays) % len(senders)].send())
    return delays


async def send_paced(senders: Sequence[Sender], rate: float, seconds: float) -> list[float]:
    """`rate` messages a second whatever the server does. Milliseconds from when each was due to its acknowledgement."""
    free, delays = asyncio.Queue[Sender](), list[float]()
    for sender in senders:
        free.put_nowait(sender)

    async def write(due: float) -> None:
        sender = await free.get()
        await sender.send()
        delays.append((time.perf_counter() - due) * 1e3)
        free.put_nowait(sender)

    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for number in range(int(rate * seconds)):
            due = began + number / rate
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            group.create_task(write(due))
    return delays


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of `values` lie; nan when there are none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else float("nan")


def _body(micros: int) -> bytes:
    return b'{"msgtype":"m.text","body":"at %016d shall we meet at three in the small room?"}' % micros
