"""What is spoken on the wire: TLS 1.2 and 1.3 with forward secrecy and authenticated ciphers, nothing else."""

import ssl

from veche.integrations.certificates import BadCertificate
from veche.integrations.certificates.folder import Files

_CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""Of TLS 1.2; those of 1.3 are all good."""


def server_context(files: Files) -> ssl.SSLContext:
    """Return a context that shows the certificate in these files; raises ``BadCertificate``.

    A new one each time: to load another certificate into an old context would leave there the one of another kind of
    key, and clients that like that kind better would go on to get it.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(_CIPHERS)
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION | ssl.OP_CIPHER_SERVER_PREFERENCE
    context.set_alpn_protocols(["http/1.1"])
    context.num_tickets = 1  # who comes again saves both sides the signature; two would cost more than they bring
    try:
        context.load_cert_chain(files.certificate, files.key)
    except (ssl.SSLError, OSError) as fault:
        raise BadCertificate(f"{files.certificate} and its key cannot be used: {fault}") from None
    return context
