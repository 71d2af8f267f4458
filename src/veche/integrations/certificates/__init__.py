"""Certificates: reading, making and checking them, their folder, which one is shown and which are trusted.

Nothing here listens to the network. Only what serves HTTPS loads the modules that need cryptography: it takes its time
to import.
"""

import msgspec


class BadCertificate(Exception):
    """A certificate, a key or their folder cannot be used; the message is one clear line."""


class Names(msgspec.Struct, frozen=True):
    """What this server is called: ``all`` in order of importance, and those that somebody has set on purpose."""

    all: tuple[str, ...]
    chosen: tuple[str, ...] = ()
