"""``veche search``: the search index."""

from pathlib import Path

import click

from veche.app.cli.place import with_place


@click.group()
def search() -> None:
    """The search index: rebuild."""


@search.command()
@with_place
def rebuild(data: Path, pairs: tuple[str, ...]) -> None:
    """Let the server make its search index anew: at once where it runs, else when it starts."""
    from veche.app.actions.search import RebuildIndex
    from veche.app.cli.reach import reach

    reach(data, pairs, RebuildIndex())
    click.echo(
        "The search index is made anew: now where the server runs, else when it starts. Until then a part is found."
    )
