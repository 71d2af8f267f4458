"""What carries out an action: one function for each kind of it."""

from collections.abc import Awaitable, Callable
from typing import Any

from veche.commands.context import Context
from veche.queries.context import ReadContext

Handler = Callable[[Context, ReadContext, Any], Awaitable[Any]]
Handlers = dict[type[Any], Handler]
