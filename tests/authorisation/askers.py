"""The twelve who ask: how each stands to the server and to the rooms of the scene, and who plays them."""

from typing import Final

from tests.cast import ANNA, BORIS, CARLA, DMITRI, ELENA, FARID

NO_TOKEN: Final = "no token"
EXPIRED: Final = "expired token"  # both of these tokens were the administrator's
REVOKED: Final = "revoked token"
STRANGER: Final = "stranger"
INVITED: Final = "invited"
LEFT: Final = "left"
BANNED: Final = "banned"
KNOCKING: Final = "knocking"
MEMBER: Final = "member"
MODERATOR: Final = "moderator"
ADMINISTRATOR: Final = "administrator"  # of the rooms, which this person founded
SERVER_ADMINISTRATOR: Final = "server administrator"  # in none of the rooms

CAST: Final = {
    STRANGER: DMITRI,
    INVITED: "greta",
    LEFT: FARID,
    BANNED: "hanna",
    KNOCKING: "ivan",
    MEMBER: BORIS,
    MODERATOR: CARLA,
    ADMINISTRATOR: ANNA,
    SERVER_ADMINISTRATOR: ELENA,
}

Group = frozenset[str]

WITHOUT_SESSION: Group = frozenset((NO_TOKEN, EXPIRED, REVOKED))
SIGNED_IN: Group = frozenset(CAST)
EVERYBODY: Group = WITHOUT_SESSION | SIGNED_IN
NOBODY: Group = frozenset()
JOINED: Group = frozenset((MEMBER, MODERATOR, ADMINISTRATOR))
POWERFUL: Group = frozenset((MODERATOR, ADMINISTRATOR))
FORMER: Group = frozenset((LEFT, BANNED))
WERE_IN: Group = JOINED | FORMER
OWNER: Group = frozenset((ADMINISTRATOR,))

ORDER: Final = (NO_TOKEN, EXPIRED, REVOKED, *CAST)
"""Those who are refused most come first, so that nothing has changed when they ask."""
