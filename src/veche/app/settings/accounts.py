"""Settings about accounts: who may make one, names, passwords, sessions."""

from veche.app.settings.records import Setting

SETTINGS: tuple[Setting, ...] = (
    Setting(
        "registration",
        "choice",
        "token",
        "Who may make an account: anybody (open), holders of a registration token (token), nobody (closed).",
        choices=("open", "token", "closed"),
    ),
    Setting("user_name_pattern", "pattern", "[a-z0-9._=/+-]+", "What the name of a new account must match as a whole."),
    Setting("shortest_password", "number", 12, "The least number of characters of a password.", least=1, most=1000),
    Setting(
        "access_token_minutes",
        "number",
        60,
        "How long an access token lasts where the client refreshes it; other tokens last until they are signed out.",
        least=1,
        most=525_600,
    ),
)
