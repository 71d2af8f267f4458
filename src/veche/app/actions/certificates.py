"""Actions about the certificate that HTTPS shows: what ``veche tls`` asks for."""

from typing import Any

import msgspec

from veche.app.actions.handling import Handlers
from veche.commands.context import Context
from veche.queries.context import ReadContext


class ShowCertificate(msgspec.Struct, frozen=True, tag="show certificate"):
    """Answer what is known of the certificate and its authority."""


class RenewCertificate(msgspec.Struct, frozen=True, tag="renew certificate"):
    """Make another certificate of the server's own now; answers what is known of it."""


class InstallCertificate(msgspec.Struct, frozen=True, tag="install certificate"):
    """Show a given certificate from now on; answers what is known of it. The names are those of the files."""

    certificate: bytes
    key: bytes
    certificate_name: str
    key_name: str


async def show_certificate(ctx: Context, asking: ReadContext, action: ShowCertificate) -> dict[str, Any]:
    """Describe the certificate."""
    return await ctx.outside.certificates.report()


async def renew_certificate(ctx: Context, asking: ReadContext, action: RenewCertificate) -> dict[str, Any]:
    """Renew the certificate."""
    return await ctx.outside.certificates.renew()


async def install_certificate(ctx: Context, asking: ReadContext, action: InstallCertificate) -> dict[str, Any]:
    """Install a certificate."""
    names = action.certificate_name, action.key_name
    return await ctx.outside.certificates.install(action.certificate, action.key, *names)


Action = ShowCertificate | RenewCertificate | InstallCertificate
HANDLERS: Handlers = {
    ShowCertificate: show_certificate,
    RenewCertificate: renew_certificate,
    InstallCertificate: install_certificate,
}
