"""Accounts: ``administering`` looks after those of others, ``passwords`` holds the policy and the reset codes.

``first`` makes the first administrator, ``tokens`` lets people make their own accounts, ``addresses`` shows and removes
mail addresses.
"""

from veche.api.veche.accounts import addresses, administering, first, passwords, tokens

ENDPOINTS = (*addresses.ENDPOINTS, *administering.ENDPOINTS, *first.ENDPOINTS, *passwords.ENDPOINTS, *tokens.ENDPOINTS)
