"""Accounts: ``registering`` is for everybody, ``changing`` for the owner, ``administering`` for who runs the server.

``passwords`` holds the policy, ``resetting`` the codes for forgotten ones, ``renaming`` other people's names;
``proving`` and ``addresses`` are about mail addresses, ``mailing`` about letters.
"""

from veche.commands.accounts.addresses import add_address, remove_address, remove_address_of
from veche.commands.accounts.administering import create_account, deactivate_account, reset_password, set_role
from veche.commands.accounts.beginning import make_first_administrator, offer_first_link
from veche.commands.accounts.changing import change_password, deactivate
from veche.commands.accounts.importing import import_people
from veche.commands.accounts.mailing import (
    end_letter,
    letters_due,
    put_letter_off,
    send_test_letter,
    write_letter,
)
from veche.commands.accounts.passwords import change_password_policy
from veche.commands.accounts.proving import ask_for_proof, forget_old_proofs, prove_by_code, prove_by_link
from veche.commands.accounts.registering import Application, register
from veche.commands.accounts.renaming import rename_person
from veche.commands.accounts.resetting import NewCode, make_reset_code, reset_by_code
from veche.commands.accounts.resetting_by_mail import reset_by_link, reset_by_mailed_code, reset_by_proof
from veche.commands.accounts.tokens import add_registration_token, revoke_registration_token
from veche.commands.accounts.welcoming import found_added_rooms

__all__ = [
    "Application",
    "NewCode",
    "add_address",
    "add_registration_token",
    "ask_for_proof",
    "change_password",
    "change_password_policy",
    "create_account",
    "deactivate",
    "deactivate_account",
    "end_letter",
    "forget_old_proofs",
    "found_added_rooms",
    "import_people",
    "letters_due",
    "make_first_administrator",
    "make_reset_code",
    "offer_first_link",
    "prove_by_code",
    "prove_by_link",
    "put_letter_off",
    "register",
    "remove_address",
    "remove_address_of",
    "rename_person",
    "reset_by_code",
    "reset_by_link",
    "reset_by_mailed_code",
    "reset_by_proof",
    "reset_password",
    "revoke_registration_token",
    "send_test_letter",
    "set_role",
    "write_letter",
]
