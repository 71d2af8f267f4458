"""``python -m veche`` is the ``veche`` command."""

from veche.app.cli import main

main()
