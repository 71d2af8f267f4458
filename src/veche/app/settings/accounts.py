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
    Setting(
        "registration_requires_mail",
        "choice",
        "off",
        "Whether a new account needs a mail address, shown to be its owner's by a letter; needs mail_server.",
        choices=("on", "off"),
    ),
    Setting(
        "user_name_pattern",
        "pattern",
        "[a-z0-9._=/+-]+",
        "What the name of a new account must match as a whole."
        " Do not repeat what repeats already, as in (a+)+: some names would take for ever.",
    ),
    Setting(
        "shortest_password",
        "number",
        12,
        "The least number of characters of a password, until an administrator changes the policy.",
        least=1,
        most=1000,
    ),
    Setting(
        "sign_in_history_days",
        "number",
        90,
        "How many days it is kept who signed in, or tried to, when and from where.",
        least=1,
        most=3650,
    ),
    Setting(
        "access_token_minutes",
        "number",
        60,
        "How long an access token lasts where the client refreshes it; other tokens last until they are signed out.",
        least=1,
        most=525_600,
    ),
    Setting(
        "login_tokens",
        "choice",
        "on",
        "Whether people may sign in a further device by a token that they make on another one, with their password.",
        choices=("on", "off"),
    ),
    Setting(
        "default_rooms",
        "text",
        "General, Talk",
        "Rooms that every new account joins, parted by commas. They are made with the first administrator, those named"
        " later at the next start, and then everybody joins them. Only administrators may use their aliases. Empty for"
        " none.",
        shape=r"[^,]{0,100}(,[^,]{0,100}){0,19}",
        shown="up to 20 names of rooms, parted by commas",
    ),
)
