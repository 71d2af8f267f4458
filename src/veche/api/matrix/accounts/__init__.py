"""Accounts: ``registering`` makes them, ``closing`` ends them, ``passwords`` and ``addresses`` change what belongs to
one, ``asking`` lets letters be sent.
"""

from veche.api.matrix.accounts import addresses, asking, closing, passwords, registering

ENDPOINTS = (
    *registering.ENDPOINTS,
    *passwords.ENDPOINTS,
    *closing.ENDPOINTS,
    *addresses.ENDPOINTS,
    *asking.ENDPOINTS,
)
