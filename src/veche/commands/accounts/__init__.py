"""Accounts: ``registering`` is for everybody, ``changing`` for the owner, ``administering`` for who runs the server.

``passwords`` holds the policy, ``resetting`` the codes for forgotten ones, ``renaming`` other people's names.
"""

from veche.commands.accounts.administering import create_account, deactivate_account, reset_password, set_role
from veche.commands.accounts.beginning import make_first_administrator, offer_first_link
from veche.commands.accounts.changing import change_password, deactivate
from veche.commands.accounts.importing import import_people
from veche.commands.accounts.passwords import change_password_policy
from veche.commands.accounts.registering import Application, register
from veche.commands.accounts.renaming import rename_person
from veche.commands.accounts.resetting import NewCode, make_reset_code, reset_by_code
from veche.commands.accounts.tokens import add_registration_token, revoke_registration_token
from veche.commands.accounts.welcoming import found_added_rooms

__all__ = [
    "Application",
    "NewCode",
    "add_registration_token",
    "change_password",
    "change_password_policy",
    "create_account",
    "deactivate",
    "deactivate_account",
    "found_added_rooms",
    "import_people",
    "make_first_administrator",
    "make_reset_code",
    "offer_first_link",
    "register",
    "rename_person",
    "reset_by_code",
    "reset_password",
    "revoke_registration_token",
    "set_role",
]
