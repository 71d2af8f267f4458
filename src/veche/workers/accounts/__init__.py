"""Letters: ``sending`` gives those that are due to the mail server, ``digesting`` finds out whose digest is due, and
``telling`` says what stands in it.
"""

from veche.workers.accounts.digesting import look_for_digests
from veche.workers.accounts.sending import send_letters

__all__ = ["look_for_digests", "send_letters"]
