"""Who looks on when the stage's clients are answered. Nobody does unless somebody asks to."""

from collections.abc import Callable
from typing import Protocol


class Answered(Protocol):
    """What a client was given."""

    @property
    def status(self) -> int: ...

    @property
    def headers(self) -> dict[str, str]: ...

    @property
    def bytes(self) -> bytes: ...


Witness = Callable[[str, str, Answered], None]
"""Is told the method, the path as it was sent, and the answer."""
_witnesses: list[Witness] = []


def look_on(witness: Witness) -> None:
    """Let somebody see every answer from now on."""
    _witnesses.append(witness)


def show(method: str, path: str, answer: Answered) -> None:
    """Show an answer to those who look on."""
    for witness in _witnesses:
        witness(method, path, answer)
