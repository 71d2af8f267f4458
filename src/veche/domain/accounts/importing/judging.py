"""What is to become of a line: a new account, nothing because it is there, or a fault that says why not."""

from typing import Literal

import msgspec

from veche.domain.accounts.importing.reading import NewPerson, is_formula
from veche.domain.accounts.names import folded, may_be_full_name, may_bear
from veche.domain.accounts.passwords import PasswordPolicy, may_choose_password
from veche.domain.accounts.tokens import may_be_rooms, no_such_room
from veche.domain.accounts.transliteration import proposed_name
from veche.domain.ids import RoomId, UserId, user_id
from veche.domain.sessions import Role
from veche.domain.settings import Limits


class Standing(msgspec.Struct, frozen=True):
    """An account that has the line's name already."""

    role: Role
    full_name: str
    is_deactivated: bool


class Known(msgspec.Struct, frozen=True):
    """What is known already about a line: the account of that name, and where the names of its rooms lead."""

    standing: Standing | None
    rooms: dict[str, RoomId | None]


class Verdict(msgspec.Struct, frozen=True):
    """What a line is: ``new``, ``present`` where an equal account is there already, or ``bad`` for these reasons."""

    state: Literal["new", "present", "bad"]
    faults: tuple[str, ...] = ()


def full_name_of(person: NewPerson) -> str:
    """Return what the new account's owner will be called: without a full name, the user name as it was written."""
    return person.full_name or person.name


def user_of(person: NewPerson, limits: Limits) -> UserId:
    """Return the user id that the line asks for."""
    return user_id(folded(person.name), limits.server_name)


def verdict(person: NewPerson, known: Known, policy: PasswordPolicy, limits: Limits) -> Verdict:
    """Judge a line by what is known. The password of an account that is there already is not compared."""
    standing = known.standing
    faults = [*_of_names(person, limits), *_of_rooms(person, known.rooms)]
    if standing is None:
        weak = may_choose_password(person.password, folded(person.name), policy, limits)
        faults += [weak.text] if weak is not None else []
    elif (person.role, full_name_of(person), False) != (standing.role, standing.full_name, standing.is_deactivated):
        faults.append(_taken(person, standing))
    if faults:
        return Verdict("bad", tuple(faults))
    return Verdict("new" if standing is None else "present")


def _of_names(person: NewPerson, limits: Limits) -> list[str]:
    faults = []
    if (wrong := may_bear(folded(person.name), limits)) is not None:
        proposal = proposed_name(person.name, limits) or proposed_name(person.full_name, limits)
        faults.append(f"{person.name[:60]!r}: {wrong.text}" + (f" Perhaps: {proposal}" if proposal else ""))
    full_name = full_name_of(person)
    unreadable = may_be_full_name(full_name) if person.name or full_name else None
    if unreadable is not None:
        faults.append(unreadable.text)
    if person.full_name and is_formula(person.full_name):
        faults.append("The full name looks like a formula.")
    return faults


def _of_rooms(person: NewPerson, rooms: dict[str, RoomId | None]) -> list[str]:
    malformed = may_be_rooms(person.rooms)
    if malformed is not None:
        return [malformed.text]
    return [no_such_room(room).text for room in person.rooms if rooms.get(room) is None]


def _taken(person: NewPerson, standing: Standing) -> str:
    if standing.is_deactivated:
        return f"{folded(person.name)!r} was the name of an account that is closed."
    return f"{folded(person.name)!r} is taken by {standing.full_name!r}, {standing.role}."
