"""Settings about backups."""

from veche.app.settings.records import Setting

SETTINGS: tuple[Setting, ...] = ()
