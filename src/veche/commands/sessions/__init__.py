"""Sessions: signing in and out, refreshing tokens, and the interactive check before what is dangerous.

``issuing`` makes tokens, ``guessing`` counts and checks passwords, ``naming`` finds out who is meant; ``signing_in``,
``lending``, ``refreshing``, ``signing_out``, ``proving`` and ``reauthenticating`` are the verbs, ``remembering`` keeps
the history.
"""

from veche.commands.sessions.issuing import NewSession, SessionWish
from veche.commands.sessions.lending import Lent, forget_ended_tokens, let_device_in, sign_in_by_token, vouch_for
from veche.commands.sessions.naming import ByAddress
from veche.commands.sessions.proving import prove_password
from veche.commands.sessions.reauthenticating import reauthenticate
from veche.commands.sessions.refreshing import note_uses, refresh
from veche.commands.sessions.remembering import forget_old_sign_ins
from veche.commands.sessions.signing_in import sign_in
from veche.commands.sessions.signing_out import sign_out, sign_out_everywhere, sign_somebody_out

__all__ = [
    "ByAddress",
    "Lent",
    "NewSession",
    "SessionWish",
    "forget_ended_tokens",
    "forget_old_sign_ins",
    "let_device_in",
    "note_uses",
    "prove_password",
    "reauthenticate",
    "refresh",
    "sign_in",
    "sign_in_by_token",
    "sign_out",
    "sign_out_everywhere",
    "sign_somebody_out",
    "vouch_for",
]
