"""Canaries: texts that stand where something is private, and who may know each of them."""

import msgspec

from tests.authorisation.askers import Group
from tests.stage.asgi import Answer


class Canary(msgspec.Struct, frozen=True):
    """A text that nobody but ``known_to`` may be told. ``name`` says where it was planted."""

    name: str
    text: str
    known_to: Group


class Canaries:
    """All that were planted."""

    def __init__(self) -> None:
        self.planted: dict[str, Canary] = {}

    def plant(self, name: str, known_to: Group) -> str:
        """Make up a text for a private place and return it."""
        return self.guard(name, f"canary{len(self.planted):03}x", known_to)

    def guard(self, name: str, text: str, known_to: Group = frozenset()) -> str:
        """Take a text that exists already for a canary and return it."""
        assert name not in self.planted, f"{name} was planted already"
        self.planted[name] = Canary(name, text, known_to)
        return text

    def text(self, name: str) -> str:
        """Return the text of a canary."""
        return self.planted[name].text

    def told(self, answer: Answer) -> set[str]:
        """Return the names of the canaries in an answer, headers included."""
        text = answer.bytes.decode(errors="replace").lower() + repr(answer.headers).lower()
        return {canary.name for canary in self.planted.values() if canary.text.lower() in text}

    def leaks(self, answer: Answer, asker: str, asked: str = "") -> set[str]:
        """Return the names of the canaries that ``asker`` should not have been told.

        What stands in the request itself, ``asked``, may be repeated.
        """
        return {
            name
            for name in self.told(answer)
            if asker not in self.planted[name].known_to and self.planted[name].text not in asked
        }
