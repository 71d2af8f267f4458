"""Sessions: signing in and out, refreshing tokens, and the interactive check before what is dangerous.

``issuing`` makes tokens, ``guessing`` counts and checks passwords, ``naming`` finds out who is meant; ``signing_in``,
``refreshing``, ``signing_out`` and ``reauthenticating`` are the verbs.
"""

from veche.commands.sessions.issuing import NewSession, SessionWish
from veche.commands.sessions.reauthenticating import reauthenticate
from veche.commands.sessions.refreshing import note_uses, refresh
from veche.commands.sessions.signing_in import sign_in
from veche.commands.sessions.signing_out import sign_out, sign_out_everywhere

__all__ = [
    "NewSession",
    "SessionWish",
    "note_uses",
    "reauthenticate",
    "refresh",
    "sign_in",
    "sign_out",
    "sign_out_everywhere",
]
