"""Files: who has which, by whatever path; thumbnails and links open no more than the file itself."""

from tests.authorisation.askers import (
    EVERYBODY,
    NOBODY,
    OWNER,
    SERVER_ADMINISTRATOR,
    SIGNED_IN,
    WITHOUT_SESSION,
    Group,
)
from tests.authorisation.files import READERS
from tests.authorisation.rows import Ask, Row, Rows, ask, at

_NEW, _OLD, _OURS = "/v1/media", "/_matrix/media/v3", "/_veche/v1/media"
_FILE, _NAMED = "{server_name}/{media_id}", "{server_name}/{media_id}/{file_name}"
_HERE = "veche.test"
_ADMINISTRATORS: Group = frozenset((SERVER_ADMINISTRATOR,))
_NO_SESSION = dict.fromkeys(WITHOUT_SESSION, 401)


def _missing(place: dict[str, str], query: dict[str, str]) -> Row:
    """Ask for what is nowhere: unknown, elsewhere, or outside the folder."""
    wrong = {
        "an unknown one": {"media_id": "$unknown_file"},
        "one of another server": {"server_name": "other.test", "media_id": "$shared_file"},
        "one outside the folder": {"media_id": "../../veche.sqlite3"},
    }
    return tuple(
        ask(what, {**place, "server_name": _HERE, **where}, query=query, may=NOBODY, refused=404)
        for what, where in wrong.items()
    )


def _files(query: dict[str, str] | None = None, **more: str) -> Row:
    """Ask for every file of the scene; whoever may, is shown what is in it."""
    query = {"timeout_ms": "0", **(query or {})}

    def one(name: str, may: Group) -> Ask:
        place = {"server_name": _HERE, "media_id": f"${name}", **more}
        shows = {name.replace("_", " "): may}
        return ask(name, place, query=query, may=may, refused=404, shows=shows)

    found = (one(name, may) for name, may in READERS.items())
    own = ask("one's own", {"server_name": _HERE, "media_id": "$file", **more}, query=query, refused=404)
    pending = {"server_name": _HERE, "media_id": "$pending_file", **more}
    waiting = dict.fromkeys(OWNER, 504)
    return (
        *found,
        own,
        ask("one that was announced", pending, query=query, may=NOBODY, refused=_others(pending=waiting)),
        *_missing(more, query),
    )


def _others(pending: dict[str, int]) -> dict[str, int]:
    """Say 404 to everybody else. Those who share a room with whoever announced a file are told to come later."""
    return {**dict.fromkeys(EVERYBODY, 404), **dict.fromkeys(READERS["loose_file"], 504), **pending}


def _thumbnails() -> Row:
    """Ask for thumbnails: none of the files is a picture, which only those hear who may read them."""
    asked = {"width": "32", "height": "32", "timeout_ms": "0"}

    def one(name: str, may: Group) -> Ask:
        refused = {**dict.fromkeys(EVERYBODY, 404), **dict.fromkeys(may, 400)}
        return ask(name, at(server_name=_HERE, media_id=f"${name}"), query=asked, may=NOBODY, refused=refused)

    return (*(one(name, may) for name, may in READERS.items()), *_missing({}, asked))


def _links() -> Row:
    """Open short links: without a session one is asked to sign in, everybody else has what the file allows."""

    def one(short: str, may: Group) -> Ask:
        return ask(short, at(short=f"${short}"), may=may, refused={**dict.fromkeys(EVERYBODY, 404), **_NO_SESSION})

    made = (one(f"link_to_{name}", READERS[name]) for name in ("shared_file", "study_file", "redacted_file"))
    unknown = at(short="abcdefghij")
    return (*made, ask("none", unknown, may=NOBODY, refused={**dict.fromkeys(EVERYBODY, 404), **_NO_SESSION}))


def _form(what: str, name: str, user: str, password: str, may: Group, refused: int = 404) -> Ask:
    """Fill in the form of a link's page; it is sent in quotation marks, which no field minds between ampersands."""
    body = f"&name={user}&password={password}&"
    shows = {name.replace("_", " "): may}
    others = {**dict.fromkeys(SIGNED_IN, refused), **dict.fromkeys(WITHOUT_SESSION, 403)}
    return ask(what, at(short=f"$link_to_{name}"), body=body, may=may, refused=others, shows=shows)


ROWS: Rows = {
    f"GET {_NEW}/config": (ask(),),
    f"POST {_OLD}/upload": (ask("a file", body="new"),),
    "POST /_matrix/media/v1/create": (ask(),),
    f"PUT {_OLD}/upload/{_FILE}": (
        ask("what one announced", at(server_name=_HERE, media_id="$pending"), body="new"),
        ask("what the administrator announced", at(server_name=_HERE, media_id="$pending_file"), body="new", may=NOBODY,
            refused={**dict.fromkeys(SIGNED_IN, 403), **dict.fromkeys(OWNER, 409)}),
        ask("over a file", at(server_name=_HERE, media_id="$shared_file"), body="new", may=NOBODY,
            refused={**dict.fromkeys(SIGNED_IN, 403), **dict.fromkeys(OWNER, 409)}),
        ask("an unknown one", at(server_name=_HERE, media_id="$unknown_file"), body="new", may=NOBODY, refused=404),
    ),
    f"GET {_NEW}/download/{_FILE}": _files(),
    f"GET {_NEW}/download/{_NAMED}": _files(file_name="x.txt"),
    f"GET {_NEW}/thumbnail/{_FILE}": _thumbnails(),
    f"GET {_OLD}/download/{_FILE}": _files({"allow_remote": "true"}),
    f"GET {_OLD}/download/{_NAMED}": _files(file_name="x.txt"),
    f"GET {_OLD}/thumbnail/{_FILE}": _thumbnails(),
    f"POST {_OURS}/{{media_id}}/link": tuple(
        ask(name, at(media_id=f"${name}"), may=may, refused=404) for name, may in READERS.items()
    ),
    f"GET {_OURS}/links": (
        ask("one's own", query={"user_id": "$me"}),
        ask("the administrator's", query={"user_id": "$administrator"}, may=OWNER | _ADMINISTRATORS),
        ask("whatever is shown"),
    ),
    f"DELETE {_OURS}/links/{{short}}": (
        ask("one's own", at(short="$link")),
        ask("the administrator's", at(short="$link_to_study_file"), may=OWNER, refused=404),
        ask("somebody's", at(short="$outsiders_link"), may=_ADMINISTRATORS, refused=404),
    ),
    f"GET {_OURS}/files": (ask(),),
    "GET /_veche/v1/accounts/{user_id}/files": (
        ask("the administrator's", at(user_id="$administrator"), may=_ADMINISTRATORS),
        ask("one's own", at(user_id="$me"), may=_ADMINISTRATORS),
    ),
    f"DELETE {_OURS}/files/{{media_id}}": (
        ask("one's own", at(media_id="$file")),
        ask("somebody's", at(media_id="$outsiders_file"), may=_ADMINISTRATORS, refused=404),
        ask("one that everybody in the room may read", at(media_id="$shared_file"), may=OWNER, refused=404),
    ),
    "GET /f/{short}": _links(),
    "POST /f/{short}": (
        _form("with one's own password", "shared_file", "$fresh", "$password", READERS["shared_file"]),
        _form("to another file", "study_file", "$fresh", "$password", READERS["study_file"]),
        _form("with a wrong password", "shared_file", "$fresh", "wrong", NOBODY, 403),
    ),
}  # fmt: skip
