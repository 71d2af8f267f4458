"""Forgetting mail addresses: what goes with one that is taken away, whoever takes it."""

from veche.domain.ids import UserId
from veche.storage.accounts import addresses, letters, proofs
from veche.storage.notifications import digests
from veche.storage.writer import Transaction


def forget_address(tx: Transaction, user: UserId, address: str) -> bool:
    """Take an address from somebody, with what waits to be sent to it; say whether it was theirs."""
    if "\x00" in address or not addresses.delete(tx, user, address):
        return False
    proofs.delete_of(tx, address, "reset", "page", "add")
    letters.delete_to(tx, address)
    digests.end(tx, user, address)
    return True


def forget_addresses(tx: Transaction, user: UserId) -> None:
    """Take all addresses from an account that is closed."""
    for known in addresses.all_of(tx, user):
        forget_address(tx, user, known.address)
    digests.forget(tx, user)


def forget_resets(tx: Transaction, user: UserId) -> None:
    """Make what could still reset somebody's password by mail good for nothing."""
    for known in addresses.all_of(tx, user):
        proofs.delete_of(tx, known.address, "reset", "page")
