"""Settings about messages."""

from veche.app.settings.records import Setting

SETTINGS: tuple[Setting, ...] = (
    Setting("longest_message", "number", 0, "The most characters of a message's text; 0 sets no limit of its own."),
)
