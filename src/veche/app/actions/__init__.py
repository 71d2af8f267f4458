"""What whoever runs the server may ask of it by the ``veche`` command: records that travel over the control socket.

One file per noun: its records, and for each the command or query it becomes. Nothing is decided here.
"""

from typing import Any

from veche.app.actions import accounts, backups, care, certificates, mail, people, reports, search, tokens
from veche.app.actions.accounts import AddUser, DeactivateUser, ListUsers, SetPassword, SetRole
from veche.app.actions.backups import AwaitBackup, BeginBackup
from veche.app.actions.certificates import InstallCertificate, RenewCertificate, ShowCertificate
from veche.app.actions.handling import Handlers
from veche.app.actions.people import ImportPeople, JudgePeople
from veche.app.actions.reports import CloseReport, ListReports, ShowReport
from veche.app.actions.tokens import AddToken, ListTokens, RevokeToken
from veche.commands.context import Context
from veche.queries.context import ReadContext

__all__ = [
    "Action",
    "AddToken",
    "AddUser",
    "AwaitBackup",
    "BeginBackup",
    "CloseReport",
    "DeactivateUser",
    "ImportPeople",
    "InstallCertificate",
    "JudgePeople",
    "ListReports",
    "ListTokens",
    "ListUsers",
    "RenewCertificate",
    "RevokeToken",
    "SetPassword",
    "SetRole",
    "ShowCertificate",
    "ShowReport",
    "perform",
]

Action = (
    accounts.Action
    | backups.Action
    | care.Action
    | certificates.Action
    | mail.Action
    | people.Action
    | reports.Action
    | search.Action
    | tokens.Action
)
_HANDLERS: Handlers = {
    **accounts.HANDLERS,
    **backups.HANDLERS,
    **care.HANDLERS,
    **certificates.HANDLERS,
    **mail.HANDLERS,
    **people.HANDLERS,
    **reports.HANDLERS,
    **search.HANDLERS,
    **tokens.HANDLERS,
}


async def perform(commanding: Context, asking: ReadContext, action: Action) -> Any:
    """Do what is asked and return what is answered; raises ``Refused``."""
    return await _HANDLERS[type(action)](commanding, asking, action)
