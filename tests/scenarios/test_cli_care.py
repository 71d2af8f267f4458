"""``veche user`` and ``veche audit`` looking after people, while the server runs and while it does not."""

import json
import urllib.request

from tests.scenarios.test_cli import GRETA, PASSWORD, failed, said
from tests.stage.server import Server


def rows(*words: str) -> list[list[str]]:
    """Return what a command prints, in columns."""
    return [line.split("\t") for line in said(*words).splitlines()]


def look_after_people(data: str) -> None:
    """Everything the command can do, one after the other."""
    place = ("--data", data)
    said("user", "add", "Greta", *place, given=f"{PASSWORD}\n")
    said("user", "add", "hanna", "--admin", *place, given=f"{PASSWORD}\n")
    assert said("user", "lock", "greta", "--reason", "left", "--days", "2", *place) == (
        f"{GRETA} is locked out for 2 days.\n"
    )
    assert said("user", "suspend", GRETA, *place) == f"{GRETA} can only read.\n"
    assert [row[3] for row in rows("user", "list", *place)] == ["lock suspension", "-"]
    assert "last administrator" in failed("user", "lock", "hanna", *place)
    assert "last administrator" in failed("user", "admin", "hanna", "--remove", *place)
    assert "no such account" in failed("user", "lock", "nobody", *place)
    assert said("user", "unlock", "greta", "--reason", "back", *place) == f"{GRETA} is not locked.\n"
    assert said("user", "unsuspend", "greta", *place) == f"{GRETA} is not suspended.\n"
    assert said("user", "rename", "greta", "Greta G.", *place) == f"{GRETA} is called 'Greta G.' now.\n"
    assert said("user", "rename", "greta", "", *place) == f"{GRETA} has no name now.\n"
    ((code, good),) = rows("user", "reset-code", "greta", *place)
    assert (len(code), good.startswith("good for one time, until 20")) == (11, True)
    assert rows("user", "sessions", "greta", *place) == []
    assert rows("user", "history", "greta", *place) == []
    assert said("user", "sign-out", "greta", *place) == f"{GRETA} is signed out everywhere.\n"
    assert "no such device" in failed("user", "sign-out", "greta", "--session", "PHONE", *place)
    change_the_policy(place)
    read_the_audit(place, code)


def change_the_policy(place: tuple[str, str]) -> None:
    """See it, change some of it, and some back."""
    policy = dict(rows("user", "policy", *place))
    assert (policy["least_length"], policy["classes"], policy["forbids_common"]) == ("12", "none", "yes")
    changed = ("--least-length", "8", "--class", "digit", "--class", "upper", "--common", "--maximum-age-days", "90")
    policy = dict(rows("user", "policy", *changed, *place))
    assert policy == {
        "least_length": "8",
        "classes": "upper digit",
        "forbids_user_name": "yes",
        "forbids_common": "no",
        "forbids_current": "yes",
        "maximum_age_days": "90",
    }
    assert dict(rows("user", "policy", "--class", "none", *place))["classes"] == "none"


def read_the_audit(place: tuple[str, str], code: str) -> None:
    """All that was done stands there, and nothing secret."""
    acts = rows("audit", *place)
    assert {row[1] for row in acts} == {"the operator"}
    assert [(row[2], row[4]) for row in acts][-5:] == [
        ("unlock", "back"),
        ("suspend", "-"),
        ("lock", "left"),
        ("create account", "-"),
        ("create account", "-"),
    ]
    assert len(rows("audit", "--limit", "2", *place)) == 2
    assert code not in said("audit", "--limit", "100", *place)


def test_people_are_looked_after_while_the_server_runs(server: Server) -> None:
    look_after_people(str(server.place.data))


def test_people_are_looked_after_while_the_server_rests(server: Server) -> None:
    server.stop()
    (server.place.data / "veche.toml").write_text('server_name = "veche.test"\n')
    look_after_people(str(server.place.data))
    server.start()


def test_sessions_and_history_show_where_people_came_from(server: Server) -> None:
    place = ("--data", str(server.place.data))
    said("user", "add", "greta", *place, given=f"{PASSWORD}\n")
    body = {"type": "m.login.password", "user": "greta", "password": PASSWORD, "device_id": "PHONE"}
    request = urllib.request.Request(
        f"{server.url}/_matrix/client/v3/login", json.dumps(body).encode(), {"User-Agent": "Phone/1.0"}
    )
    with urllib.request.urlopen(request) as answer:
        assert answer.status == 200
    ((device, used, origin, client, _),) = rows("user", "sessions", "greta", *place)
    assert (device, client, used.startswith("20"), origin.startswith("127.0.0.1:")) == (
        "PHONE",
        "Phone/1.0",
        True,
        True,
    )
    ((_, method, outcome, came_from, _),) = rows("user", "history", "greta", *place)
    assert (method, outcome, came_from) == ("password", "success", origin)
    assert said("user", "sign-out", "greta", "--session", "PHONE", *place) == f"{GRETA} is signed out of PHONE.\n"
    assert rows("user", "sessions", "greta", *place) == []
