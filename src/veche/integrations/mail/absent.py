"""What stands where no mail server is set."""

from veche.integrations.mail.records import Letter, Unreachable


class NoMail:
    """Sends nothing; nobody queues letters then."""

    async def send(self, letter: Letter) -> None:
        """Say that there is no mail server."""
        raise Unreachable("mail_server is not set")
