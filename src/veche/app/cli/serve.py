"""``veche serve``: run the server."""

from pathlib import Path

import click

from veche.app.cli.faults import Declined, Fault
from veche.app.cli.place import read_settings, with_place
from veche.app.settings import BadSetting
from veche.integrations.certificates import BadCertificate


@click.command()
@click.option("--host", default=None, help="Address to listen on.")
@click.option("--port", default=None, help="Port to listen on; 0 takes a free one.")
@with_place
def serve(data: Path, host: str | None, port: str | None, pairs: tuple[str, ...]) -> None:
    """Run the server on its data folder, made where it is missing."""
    from veche.app.folder import Occupied, data_folder
    from veche.app.serving import serve as run
    from veche.storage.engines import StorageFault

    line = [*pairs, *(f"{name}={value}" for name, value in (("host", host), ("port", port)) if value is not None)]
    try:
        with data_folder(data):
            run(read_settings(data, line), data)
    except BadCertificate as fault:
        raise Declined(str(fault)) from None
    except (BadSetting, Occupied, StorageFault, OSError) as fault:
        raise Fault(str(fault)) from None
