"""What the pages behind the first link say, whatever the language."""

import msgspec


class Texts(msgspec.Struct, frozen=True):
    """All words of one language, as HTML. ``$server`` and the like are put in.

    ``weak`` says for each part of the password policy what is wrong, ``classes`` names kinds of characters.
    """

    title: str
    lead: str
    full_name: str
    full_name_hint: str
    username: str
    username_hint: str
    password: str
    password_hint: str
    password_again: str
    submit: str
    foot: str
    bad_full_name: str
    bad_username: str
    proposal: str
    no_username: str
    username_taken: str
    weak: dict[str, str]
    classes: dict[str, str]
    differ: str
    busy: str
    done_title: str
    done_lead: str
    done_user: str
    done_address: str
    done_next: str
    done_client: str
    done_trust: str
    done_rooms: str
    done_people: str
    gone_title: str
    gone_text: str
    gone_help: str
