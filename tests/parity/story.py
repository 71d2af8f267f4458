"""A story: people who act, clients who sync now and then, and everything that has to hold for each answer."""

from itertools import count

from tests.cast import ANNA, BORIS, CARLA, DMITRI
from tests.parity.client import Answer, Client, Differs, Shape
from tests.parity.compare import agree, compare, compare_ending, look_at_events
from tests.parity.deeds import Deeds
from tests.parity.older import compare_older
from tests.parity.truth import History
from tests.stage.people import Person
from tests.stage.world import World

_stories = count(1)
_notes = count(1)


class Observer:
    """A client, and what the story knows of it: when it was last told, and what lies in its device's inbox."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.told_at = 0
        self.sent: list[int] = []
        self.received = 0
        self.confirmed = 0

    @property
    def user(self) -> str:
        """Whose client it is."""
        return self.client.user


class Story:
    """The people of one story with their rooms. Everybody but Dmitri has clients that observe; Anna has two."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.deeds = Deeds(world)
        self.history = History()
        self.people: list[Person] = []
        self.observers: list[Observer] = []
        self.ignored: dict[str, set[str]] = {}
        self._spares: dict[str, Person] = {}

    async def begin(self) -> None:
        """Bring the people together in a first room; Boris founds another one, where not everybody can see all."""
        number = next(_stories)
        for name in (ANNA, BORIS, CARLA, DMITRI):
            person = await self.world.person(f"{name}{number}")
            self.people.append(person)
            self.ignored[person.user] = set()
        anna, boris, *others = self.people
        hall = await self.deeds.found(anna, "shared", "public", named=True)
        for person in (boris, *others):
            await self.deeds.move(person, hall, "join", "")
        den = await self.deeds.found(boris, "joined", "knock", named=False)
        await self.deeds.move(boris, den, "invite", anna.user)
        await self.deeds.move(anna, den, "join", "")
        await self.deeds.move(boris, den, "invite", others[0].user)
        await self.note_moment()

    async def observe(self, person: Person, shape: Shape, *, device: str | None = None) -> Observer:
        """Begin to observe with a client on a person's device, or on a further one."""
        owner = person if device is None else await self.world.device(person.user, device)
        observer = Observer(Client(owner, shape))
        self.observers.append(observer)
        return observer

    async def note_moment(self, changed: str | None = None) -> None:
        """Take down who is where now; to be called after every deed that may have changed it."""
        self.history.add(await self.deeds.joined(), changed)

    async def sync(self, observer: Observer, *, full_state: bool = False, is_lost: bool = False) -> None:
        """Let a client ask for news once; raises ``Differs`` where the answer is not what it should be."""
        client = observer.client
        if client.token is not None:
            observer.confirmed = observer.received
        answer = await client.ask(full_state=full_state)
        if is_lost:
            return
        self._look_at_lists(observer, answer)
        self._look_at_inbox(observer, answer)
        await look_at_events(self.world, client, answer)
        renewed = self.history.renewed(observer.user, observer.told_at)
        was_inside = {room for room, view in client.rooms.items() if view.membership == "join"}
        self._look_for_endings(observer, answer, was_inside)
        await client.take(answer, renewed)
        observer.told_at = self.history.now
        for room in answer.get("rooms", {}).get("leave", {}):
            if room in was_inside | renewed and not await self.deeds.has_forgotten(client.person, room):
                await compare_ending(self.world, client, room, self.ignored[observer.user])

    async def compare(self, observer: Observer) -> None:
        """Let a client catch up and compare all it holds with what is true."""
        while True:
            await self.sync(observer)
            if observer.received == len(observer.sent):
                break
        user = observer.user
        await compare(self.world, observer.client, await self._spare(observer.client.person), self.ignored[user])
        await compare_older(self.world, observer.client.person, self.ignored[user])

    async def tell_device(self, sender: Person, observer: Observer, many: int) -> None:
        """Send messages to an observing device."""
        numbers = [next(_notes) for _ in range(many)]
        await self.deeds.tell_device(sender, observer.client.person, numbers)
        observer.sent += numbers

    async def ignore(self, person: Person, other: Person) -> None:
        """Ignore somebody, or no longer. As real clients do, all of that person's begin anew."""
        self.ignored[person.user] ^= {other.user}
        await self.deeds.ignore(person, sorted(self.ignored[person.user]))
        for observer in self.observers:
            if observer.user == person.user:
                observer.client.forget_everything()

    def _look_at_lists(self, observer: Observer, answer: Answer) -> None:
        told = answer.get("device_lists", {"changed": [], "left": []})
        if observer.client.token is None:
            agree("device lists at first", told, {"changed": [], "left": []})
            return
        true = self.history.lists(observer.user, observer.told_at)
        agree(f"changed devices for {observer.user}", told["changed"], sorted(true.changed))
        agree(f"left devices for {observer.user}", told["left"], sorted(true.left))

    def _look_for_endings(self, observer: Observer, answer: Answer, was_inside: set[str]) -> None:
        told = {room for kind in ("leave", "invite", "knock") for room in answer.get("rooms", {}).get(kind, {})}
        is_inside = {room for room, user in self.history.moments[-1].joined if user == observer.user}
        if was_inside - is_inside - told:
            raise Differs(f"{observer.user} is not told that they are no longer in {was_inside - is_inside - told}")

    def _look_at_inbox(self, observer: Observer, answer: Answer) -> None:
        """Messages come in order, each once; a client that begins anew is told again what it never confirmed."""
        found = [event["content"]["number"] for event in answer.get("to_device", {}).get("events", [])]
        start = observer.received
        if observer.client.token is None:
            start = observer.sent.index(found[0]) if found else len(observer.sent)
            if start > observer.confirmed:
                raise Differs(f"{observer.user} never got {observer.sent[observer.confirmed : start]}")
        agree(f"inbox of {observer.user}", found, observer.sent[start : start + len(found)])
        observer.received = start + len(found)
        if not found and observer.received < len(observer.sent):
            raise Differs(f"{observer.user} is not told {observer.sent[observer.received :]}")

    async def _spare(self, person: Person) -> Person:
        if person.user not in self._spares:
            self._spares[person.user] = await self.world.device(person.user, "SPARE")
        return self._spares[person.user]
