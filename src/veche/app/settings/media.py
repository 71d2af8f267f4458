"""Settings about files: where they are kept and how much of them."""

from veche.app.settings.records import Setting

SETTINGS: tuple[Setting, ...] = ()
