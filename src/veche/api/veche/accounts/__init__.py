"""Accounts: ``administering`` looks after those of others, ``passwords`` holds the policy and the reset codes.

``first`` makes the first administrator, ``tokens`` lets people make their own accounts.
"""

from veche.api.veche.accounts import administering, first, passwords, tokens

ENDPOINTS = (*administering.ENDPOINTS, *first.ENDPOINTS, *passwords.ENDPOINTS, *tokens.ENDPOINTS)
