"""Settings about presence."""

from veche.app.settings.records import Setting

SETTINGS: tuple[Setting, ...] = ()
