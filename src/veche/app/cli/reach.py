"""Reaching the server: over the control socket while it runs, else by holding its data folder and doing it here."""

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from veche.app import control
from veche.app.actions import Action, perform
from veche.app.cli.faults import Declined, Fault
from veche.app.cli.place import read_settings
from veche.app.folder import Occupied, data_folder
from veche.app.settings import BadSetting, Values
from veche.app.wiring import build
from veche.domain.refusals import Refused
from veche.storage.engines import StorageFault


def reach(data: Path, pairs: Sequence[str], action: Action) -> Any:
    """Have an action done and return its result as plain values; fails with one line."""
    try:
        answer = control.ask(data, action) or _here(data, pairs, action)
    except (BadSetting, Occupied, StorageFault, OSError, msgspec.DecodeError) as fault:
        raise Fault(str(fault)) from None
    if answer.fault is not None:
        raise Declined(answer.fault)
    return answer.result


def _here(data: Path, pairs: Sequence[str], action: Action) -> control.Answer:
    """Do it with the folder held, so that no server can start meanwhile."""
    if not data.is_dir():
        raise Fault(f"there is no data folder {data}; name it with --data, or make it with veche serve")
    os.umask(0o077)
    with data_folder(data):
        values = read_settings(data, list(pairs))
        return asyncio.run(_performed(values, data, action))


async def _performed(values: Values, data: Path, action: Action) -> control.Answer:
    running = build(values, data)
    await running.start()
    try:
        return control.Answer(msgspec.to_builtins(await perform(running.commands, running.queries, action)))
    except Refused as refused:
        return control.Answer(fault=refused.refusal.text)
    finally:
        await running.stop()
