"""Reaching the server: over the control socket while it runs, else by holding its data folder and doing it here."""

import asyncio
import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from veche.app import control
from veche.app.actions import Action, perform
from veche.app.cli.faults import Declined, Fault
from veche.app.cli.place import read_settings
from veche.app.folder import Occupied, data_folder
from veche.app.settings import BadSetting
from veche.app.wiring import Running, build
from veche.domain.refusals import Refused
from veche.storage.engines import StorageFault

Ask = Callable[[Action], control.Answer | None]


def reach(data: Path, pairs: Sequence[str], action: Action) -> Any:
    """Have an action done and return its result as plain values; fails with one line."""
    with reaching(data, pairs) as do:
        return do(action)


@contextlib.contextmanager
def reaching(data: Path, pairs: Sequence[str]) -> Iterator[Callable[[Action], Any]]:
    """Give a function that does one action after another, all by the same server; fails with one line."""
    try:
        with _there(data) if control.is_answered(data) else _here(data, pairs) as ask:
            yield partial(_result, ask)
    except (BadSetting, Occupied, StorageFault, OSError, msgspec.DecodeError) as fault:
        raise Fault(str(fault)) from None


def _result(ask: Ask, action: Action) -> Any:
    answer = ask(action)
    if answer is None:
        raise Fault("the server has gone away meanwhile")
    if answer.fault is not None:
        raise Declined(answer.fault)
    return answer.result


@contextlib.contextmanager
def _there(data: Path) -> Iterator[Ask]:
    yield partial(control.ask, data)


@contextlib.contextmanager
def _here(data: Path, pairs: Sequence[str]) -> Iterator[Ask]:
    """Do it with the folder held, so that no server can start meanwhile."""
    if not data.is_dir():
        raise Fault(f"there is no data folder {data}; name it with --data, or make it with veche serve")
    os.umask(0o077)
    with data_folder(data), asyncio.Runner() as runner:
        running = build(read_settings(data, list(pairs)), data)
        runner.run(running.start())
        try:
            yield lambda action: runner.run(_performed(running, action))
        finally:
            runner.run(running.stop())


async def _performed(running: Running, action: Action) -> control.Answer:
    try:
        return control.Answer(msgspec.to_builtins(await perform(running.commands, running.queries, action)))
    except Refused as refused:
        return control.Answer(fault=refused.refusal.text)
