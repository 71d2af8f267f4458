"""Passwords: what the policy asks of a new one, and the code with which a forgotten one is replaced.

Pure rules; how passwords and codes are hashed, and where the policy is kept, is not known here.
"""

from typing import Any, Final, Literal, get_args

import msgspec

from veche.domain.ids import user_id
from veche.domain.refusals import Refusal, forbidden, invalid_param
from veche.domain.settings import Limits

CharacterClass = Literal["lower", "upper", "digit", "symbol"]

LONGEST_PASSWORD = 1000  # characters
LEAST_DIFFERENT = 4
"""A password of fewer different characters is as common as any in the list."""
SHORTEST_NAME_SOUGHT = 4
"""A user name shorter than this may stand in a password by chance."""
MOST_DAYS = 3650
DAY_MS = 86_400_000

CODE_MS = DAY_MS
"""How long a reset code is good for."""
MOST_TRIES = 100_000
"""How often a reset code may be tried, wherever from. Of 2**50 codes nobody guesses one; far fewer tries would let any
stranger who knows a user name spoil the code."""
CODE_LENGTH = 10
_CODE_LETTERS: Final = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""Neither I, O, 0 nor 1: a code is read out over the telephone. There are 32, so that no letter is likelier."""

BAD_CODE = forbidden("The user name or the code is wrong, or the code is not good any more.")
PASSWORD_TOO_OLD = Refusal(
    "ORG.VECHE.PASSWORD_TOO_OLD",
    403,
    "The password is too old to sign in with: change it where you are still signed in, or ask for a reset code.",
)
_WANTING: Final[dict[CharacterClass, str]] = {
    "lower": "a small letter",
    "upper": "a capital letter",
    "digit": "a digit",
    "symbol": "a character that is neither letter nor digit",
}


class PasswordPolicy(msgspec.Struct, frozen=True):
    """What a new password must be like; passwords that exist stay valid when it changes.

    ``classes`` must each be in it; ``maximum_age_days`` 0 lets passwords grow old.
    """

    least_length: int = 12
    classes: tuple[CharacterClass, ...] = ()
    forbids_user_name: bool = True
    forbids_common: bool = True
    forbids_current: bool = True
    maximum_age_days: int = 0


class PolicyChange(msgspec.Struct, frozen=True, omit_defaults=True):
    """What of the policy is to become different; None leaves a part as it is."""

    least_length: int | None = None
    classes: tuple[CharacterClass, ...] | None = None
    forbids_user_name: bool | None = None
    forbids_common: bool | None = None
    forbids_current: bool | None = None
    maximum_age_days: int | None = None


def first_policy(limits: Limits) -> PasswordPolicy:
    """Return the policy that holds until an administrator changes it."""
    return PasswordPolicy(least_length=limits.shortest_password)


def changed_policy(policy: PasswordPolicy, change: PolicyChange) -> PasswordPolicy:
    """Return the policy with the change made to it."""
    parts: dict[str, Any] = {name: value for name, value in msgspec.structs.asdict(change).items() if value is not None}
    if change.classes is not None:
        parts["classes"] = tuple(one for one in get_args(CharacterClass) if one in change.classes)
    return msgspec.structs.replace(policy, **parts)


def may_be_policy(policy: PasswordPolicy) -> Refusal | None:
    """Say why a policy cannot be set: nobody could find a password, or the numbers make no sense."""
    if not 1 <= policy.least_length <= LONGEST_PASSWORD:
        return invalid_param(f"least_length is a number from 1 to {LONGEST_PASSWORD}.", "least_length")
    if not 0 <= policy.maximum_age_days <= MOST_DAYS:
        return invalid_param(f"maximum_age_days is a number from 0 to {MOST_DAYS}.", "maximum_age_days")
    return None


def may_choose_password(password: str, name: str, policy: PasswordPolicy, limits: Limits) -> Refusal | None:
    """Say why ``password`` is too weak for the account called ``name``; the refusal's field names the policy's part.

    What only the old password's hash can tell, ``forbids_current``, is looked at elsewhere.
    """
    if len(password) < policy.least_length:
        return weak(f"The password must have at least {policy.least_length} characters.", "least_length")
    if len(password) > LONGEST_PASSWORD:
        return weak(f"The password must have at most {LONGEST_PASSWORD} characters.", "most_length")
    if missing := [one for one in policy.classes if not any(_is_in(one, letter) for letter in password)]:
        wanted = " and ".join(_WANTING[one] for one in missing)
        return weak(f"The password must hold {wanted}.", "classes", {"org.veche.missing": missing})
    is_dull = len(set(password.lower())) < min(LEAST_DIFFERENT, policy.least_length)
    if policy.forbids_common and (is_dull or password.lower() in limits.common_passwords):
        text = "That password is one of those that everybody tries first; please choose another."
        return weak(text, "forbids_common")
    if policy.forbids_user_name and _holds_name(password.lower(), name.lower(), limits):
        return weak("The password must not hold the user name.", "forbids_user_name")
    return None


def weak(text: str, part: str, extra: dict[str, Any] | None = None) -> Refusal:
    """400: the password does not do justice to that part of the policy."""
    return Refusal("M_WEAK_PASSWORD", 400, text, part, extra)


IS_CURRENT = weak("The new password must differ from the present one.", "forbids_current")


def is_too_old(changed_ts: int, policy: PasswordPolicy, now: int) -> bool:
    """Say whether a password that was chosen at that millisecond may no longer be used to sign in."""
    return policy.maximum_age_days > 0 and changed_ts + policy.maximum_age_days * DAY_MS <= now


def code_from(chance: bytes) -> str:
    """Return a reset code made of random bytes, as it is read out to people: ``ABCDE-FGHJK``."""
    letters = "".join(_CODE_LETTERS[byte % len(_CODE_LETTERS)] for byte in chance[:CODE_LENGTH])
    return f"{letters[: CODE_LENGTH // 2]}-{letters[CODE_LENGTH // 2 :]}"


def bare_code(typed: str) -> str:
    """Return a code as it is hashed, however somebody typed it: without hyphen and spaces, in capitals."""
    return "".join(letter for letter in typed[:100].upper() if letter in _CODE_LETTERS)


def _is_in(wanted: CharacterClass, letter: str) -> bool:
    if wanted == "symbol":
        return not letter.isalnum()
    if wanted == "digit":
        return letter.isdigit()
    return letter.islower() if wanted == "lower" else letter.isupper()


def _holds_name(password: str, name: str, limits: Limits) -> bool:
    if not name:
        return False
    is_name = password in (name, user_id(name, limits.server_name).lower())
    return is_name or (len(name) >= SHORTEST_NAME_SOUGHT and name in password)
