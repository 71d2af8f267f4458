"""``veche search``: the search index."""

import os
from pathlib import Path

import click

from veche.app.cli.faults import Fault
from veche.app.cli.place import read_settings, with_place
from veche.app.settings import BadSetting


@click.group()
def search() -> None:
    """The search index: rebuild."""


@search.command()
@with_place
def rebuild(data: Path, pairs: tuple[str, ...]) -> None:
    """Let the server make its search index anew: at once where it runs, else when it starts."""
    from veche.app.engines import engine_at
    from veche.storage.engines import StorageFault
    from veche.storage.search import open_store
    from veche.storage.search import rebuild as void

    os.umask(0o077)
    try:
        values = read_settings(data, list(pairs))
        if not data.is_dir():
            raise Fault(f"there is no data folder {data}; name it with --data")
        if values["search"] == "off":
            raise Fault("searching is turned off (the setting search)")
        void(open_store(engine_at(values["database"], data), data, values["database"]))
    except (BadSetting, StorageFault, OSError) as fault:
        raise Fault(str(fault)) from None
    click.echo(
        "The search index is made anew: now where the server runs, else when it starts. Until then a part is found."
    )
