"""Accounts: ``registering`` is for everybody, ``changing`` for the owner, ``administering`` for who runs the server."""

from veche.commands.accounts.administering import (
    add_registration_token,
    create_account,
    deactivate_account,
    reset_password,
    revoke_registration_token,
    set_role,
)
from veche.commands.accounts.changing import change_password, deactivate
from veche.commands.accounts.registering import Application, register

__all__ = [
    "Application",
    "add_registration_token",
    "change_password",
    "create_account",
    "deactivate",
    "deactivate_account",
    "register",
    "reset_password",
    "revoke_registration_token",
    "set_role",
]
