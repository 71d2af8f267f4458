"""A file system that fails below the store of files: one of its functions, from a certain call on."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

from veche.storage.blobs import disk, incoming


class Fragile:
    """The functions of ``os``, of which one fails from a certain call on."""

    def __init__(self, verb: str, code: int, good_calls: int = 0) -> None:
        self._verb = verb
        self._code = code
        self._good_calls = good_calls
        self.has_failed = False

    def __getattr__(self, name: str) -> Any:
        found = getattr(os, name)
        return self._failing(found) if name == self._verb else found

    def _failing(self, do: Callable[..., Any]) -> Callable[..., Any]:
        def call(*params: Any, **named: Any) -> Any:
            self._good_calls -= 1
            if self._good_calls < 0:
                self.has_failed = True
                raise OSError(self._code, os.strerror(self._code))
            return do(*params, **named)

        return call


@contextmanager
def failing(verb: str, code: int, good_calls: int = 0) -> Iterator[Fragile]:
    """Let one function of ``os`` fail for the store."""
    fragile = Fragile(verb, code, good_calls)
    with ExitStack() as stack:
        for module in (disk, incoming):
            stack.enter_context(patch.object(module, "os", fragile))
        yield fragile
    assert fragile.has_failed
