"""Mail addresses at the door: adding one by a letter, taking one away, signing in with one; who learns what."""

from typing import Any

import pytest

from tests.cast import ANNA, BORIS, CARLA
from tests.stage.asgi import Answer
from tests.stage.mail import SETTINGS, code_of, link_of, settled
from tests.stage.world import CLIENT_API, Person, World
from veche.commands import accounts
from veche.domain.accounts.addresses import HOUR_MS, MOST_ADDRESSES

ADDRESS = "anna@example.org"
SECRET = "a-client-secret-of-anna"
SUBMIT = "/_veche/v1/mail/submit_token"
pytestmark = pytest.mark.settings(**SETTINGS)


async def ask(world: World, what: str = "account/3pid", address: str = ADDRESS, **more: Any) -> Answer:
    """Ask for a letter."""
    headers = {"accept-language": more.pop("language", "en")}
    origin = more.pop("origin", "10.0.0.1")
    body = {"client_secret": SECRET, "email": address, "send_attempt": 1, **more}
    path = f"{CLIENT_API}/{what}/email/requestToken"
    return await world.call("POST", path, body, headers=headers, address=origin)


async def submit(world: World, sid: str, code: str, secret: str = SECRET) -> Answer:
    """Hand the code of a letter in."""
    return await world.call("POST", SUBMIT, {"sid": sid, "client_secret": secret, "token": code})


def proof(person: Person) -> dict[str, Any]:
    """The password of somebody of the cast."""
    name = person.user[1:].partition(":")[0]
    return {"type": "m.login.password", "user": name, "password": f"{name}'s own password"}


async def add(person: Person, sid: str, secret: str = SECRET) -> Answer:
    """Add a proven address to one's account."""
    return await person.post("/account/3pid/add", {"sid": sid, "client_secret": secret, "auth": proof(person)})


async def bound(world: World, person: Person, address: str = ADDRESS, secret: str = SECRET) -> None:
    """Give somebody an address in the way that everybody takes."""
    before = len(world.post.letters)
    sid = (await ask(world, address=address, client_secret=secret)).ok()["sid"]
    letter = (await world.post.received(before + 1))[-1]
    assert (await submit(world, sid, code_of(letter), secret)).ok() == {"success": True}
    (await add(person, sid, secret)).ok()


async def test_an_address_is_added_by_the_link_of_a_letter(world: World) -> None:
    anna = await world.person(ANNA)
    assert (await anna.get("/account/3pid")).ok() == {"threepids": []}
    asked = (await ask(world, address=" Anna@Example.ORG ")).ok()
    assert asked["submit_url"] == f"https://veche.test{SUBMIT}"
    letter = (await world.post.received(1))[0]
    assert letter.address == ADDRESS
    (await add(anna, asked["sid"])).refused(403, "M_THREEPID_AUTH_FAILED")
    await accounts.prove_by_link(world.commands, link_of(letter))
    (await anna.post("/account/3pid/add", {"sid": asked["sid"], "client_secret": SECRET})).refused(401, None)
    (await add(anna, asked["sid"])).ok()
    [known] = (await anna.get("/account/3pid")).ok()["threepids"]
    assert (known["medium"], known["address"]) == ("email", ADDRESS)
    assert known["validated_at"] <= known["added_at"]
    (await add(anna, asked["sid"])).refused(403, "M_THREEPID_AUTH_FAILED")


async def test_asking_again_sends_again_only_for_another_attempt(world: World) -> None:
    first = (await ask(world)).ok()["sid"]
    await world.post.received(1)
    assert (await ask(world)).ok()["sid"] == first
    again = (await ask(world, send_attempt=2)).ok()["sid"]
    second = (await world.post.received(2))[-1]
    assert (await submit(world, again, code_of(second))).ok() == {"success": True}


async def test_the_proof_of_others_is_worth_nothing(world: World) -> None:
    boris = await world.person(BORIS)
    sid = (await ask(world)).ok()["sid"]
    letter = (await world.post.received(1))[0]
    assert (await submit(world, sid, code_of(letter), "another-secret")).ok() == {"success": False}
    assert (await submit(world, "f" * 32, code_of(letter))).ok() == {"success": False}
    assert (await submit(world, sid, code_of(letter))).ok() == {"success": True}
    (await add(boris, sid, "another-secret")).refused(403, "M_THREEPID_AUTH_FAILED")
    (await add(boris, "\x00", SECRET)).refused(403, "M_THREEPID_AUTH_FAILED")
    reset = {"type": "m.login.email.identity", "threepid_creds": {"sid": sid, "client_secret": SECRET}}
    body = {"new_password": "a fairly long password", "auth": reset}
    (await world.call("POST", f"{CLIENT_API}/account/password", body)).refused(401, "M_UNAUTHORIZED")


async def test_a_code_is_tried_a_few_times_only(world: World) -> None:
    sid = (await ask(world)).ok()["sid"]
    code = code_of((await world.post.received(1))[0])
    wrong = "000000" if code != "000000" else "000001"
    for _ in range(5):
        assert (await submit(world, sid, wrong)).ok() == {"success": False}
    assert (await submit(world, sid, code)).ok() == {"success": False}


async def test_all_codes_for_an_address_are_tried_ten_times_a_day(world: World) -> None:
    for secret in ("one", "two"):
        sid = (await ask(world, client_secret=secret)).ok()["sid"]
        for _ in range(5):
            assert (await submit(world, sid, "12345", secret)).ok() == {"success": False}
    (await submit(world, sid, "12345", "two")).refused(429, "M_LIMIT_EXCEEDED")
    other = (await ask(world, address="boris@example.org")).ok()["sid"]
    assert (await submit(world, other, "12345")).ok() == {"success": False}


async def test_a_proof_ends(world: World) -> None:
    anna = await world.person(ANNA)
    sid = (await ask(world)).ok()["sid"]
    letter = (await world.post.received(1))[0]
    world.clock.advance(ms=HOUR_MS)
    assert (await submit(world, sid, code_of(letter))).ok() == {"success": False}
    sid = (await ask(world)).ok()["sid"]
    letter = (await world.post.received(2))[1]
    assert (await submit(world, sid, code_of(letter))).ok() == {"success": True}
    world.clock.advance(ms=HOUR_MS)
    (await add(anna, sid)).refused(403, "M_THREEPID_AUTH_FAILED")


@pytest.mark.parametrize(
    ("more", "errcode"),
    [
        ({"address": "anna"}, "M_INVALID_PARAM"),
        ({"address": "anna@exa mple.org"}, "M_INVALID_PARAM"),
        ({"address": "anna@example.org\r\nBcc: dmitri@example.org"}, "M_INVALID_PARAM"),
        ({"address": "anna@example.org, dmitri@example.org"}, "M_INVALID_PARAM"),
        ({"address": "<anna@example.org>"}, "M_INVALID_PARAM"),
        ({"address": "anna@[10.0.0.1]"}, "M_INVALID_PARAM"),
        ({"address": "анна@example.org"}, "M_INVALID_PARAM"),
        ({"address": f"{'a' * 65}@example.org"}, "M_INVALID_PARAM"),
        ({"client_secret": ""}, "M_INVALID_PARAM"),
        ({"client_secret": "a secret"}, "M_INVALID_PARAM"),
        ({"client_secret": "a" * 256}, "M_INVALID_PARAM"),
        ({"send_attempt": -1}, "M_INVALID_PARAM"),
        ({"send_attempt": "1"}, "M_BAD_JSON"),
        ({"send_attempt": 2**60}, "M_INVALID_PARAM"),
        ({"email": None}, "M_BAD_JSON"),
    ],
)
async def test_what_cannot_be_asked(world: World, more: dict[str, Any], errcode: str) -> None:
    for what in ("register", "account/3pid", "account/password"):
        answer = await ask(world, what, **more)
        assert (answer.status, answer.errcode) == (400, errcode), answer.bytes
    await settled(world.commands)
    assert world.post.tried == 0


@pytest.mark.parametrize("what", ["register", "account/3pid", "account/password"])
async def test_nobody_learns_who_has_an_account(world: World, what: str) -> None:
    """The same answer for an address of somebody and for one of nobody, as often as one may ask."""
    await bound(world, await world.person(ANNA))
    world.clock.advance(ms=HOUR_MS)
    seen = []
    for address in (ADDRESS, "nobody@example.org"):
        answers = [await ask(world, what, address, client_secret=f"x{number}") for number in range(6)]
        codes = [await submit(world, answers[0].ok()["sid"], "12345", "x0") for _ in range(9)]
        shown = [(one.status, {**one.json, "sid": None, "retry_after_ms": None}) for one in answers + codes]
        seen.append([*shown, *(sorted(one.headers) for one in answers + codes)])
    assert seen[0] == seen[1]
    assert [status for status, _ in seen[0][:6]] == [200] * 5 + [429]


async def test_whoever_has_the_address_is_told_of_a_second_use(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    await bound(world, anna)
    for number, what in enumerate(("register", "account/3pid")):
        sid = (await ask(world, what, language="fr", client_secret="boris")).ok()["sid"]
        letter = (await world.post.received(2 + number))[-1]
        assert anna.user in letter.text
        assert "déjà" in letter.subject
        assert "https://veche.test/mail/" not in letter.text
        (await add(boris, sid, "boris")).refused(403, "M_THREEPID_AUTH_FAILED")
        world.clock.advance(seconds=24 * 3600)  # they are told once a day


async def test_one_address_one_account(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    sids = {}
    for number, secret in enumerate(("anna", "boris")):
        sids[secret] = (await ask(world, client_secret=secret)).ok()["sid"]
        letter = (await world.post.received(number + 1))[-1]
        assert (await submit(world, sids[secret], code_of(letter), secret)).ok() == {"success": True}
    (await add(anna, sids["anna"], "anna")).ok()
    (await add(boris, sids["boris"], "boris")).refused(400, "M_THREEPID_IN_USE")
    assert (await boris.get("/account/3pid")).ok() == {"threepids": []}


async def test_an_account_has_so_many_addresses(world: World) -> None:
    anna = await world.person(ANNA)
    for number in range(MOST_ADDRESSES):
        await bound(world, anna, f"anna{number}@example.org", f"s{number}")
    with pytest.raises(AssertionError, match="at most"):
        await bound(world, anna, "one.more@example.org", "more")


async def test_an_address_is_taken_away(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    await bound(world, anna)
    body = {"medium": "email", "address": ADDRESS.upper()}
    for _ in range(2):
        assert (await boris.post("/account/3pid/delete", body)).ok() == {"id_server_unbind_result": "no-support"}
    assert (await anna.post("/account/3pid/unbind", body)).ok() == {"id_server_unbind_result": "no-support"}
    assert len((await anna.get("/account/3pid")).ok()["threepids"]) == 1
    assert (await anna.post("/account/3pid/delete", body)).ok() == {"id_server_unbind_result": "no-support"}
    assert (await anna.get("/account/3pid")).ok() == {"threepids": []}
    await bound(world, boris, secret="boris")


async def test_there_is_no_identity_server_and_no_telephone(world: World) -> None:
    anna = await world.person(ANNA)
    (await anna.post("/account/3pid", {})).refused(403, "M_THREEPID_AUTH_FAILED")
    (await anna.post("/account/3pid/bind", {})).refused(403, "M_FORBIDDEN")
    for what in ("register", "account/3pid", "account/password"):
        answer = await world.call("POST", f"{CLIENT_API}/{what}/msisdn/requestToken", {})
        answer.refused(400, "M_THREEPID_MEDIUM_NOT_SUPPORTED")


def login(address: object, password: str, medium: str = "email") -> dict[str, Any]:
    """What clients send to sign in with an address."""
    identifier = {"type": "m.id.thirdparty", "medium": medium, "address": address}
    return {"type": "m.login.password", "identifier": identifier, "password": password}


async def test_signing_in_with_an_address(world: World) -> None:
    anna = await world.person(ANNA)
    await bound(world, anna)
    path = f"{CLIENT_API}/login"
    for body in (
        login("ANNA@example.org", "anna's own password"),
        {"type": "m.login.password", "medium": "email", "address": ADDRESS, "password": "anna's own password"},
    ):
        assert (await world.call("POST", path, body)).ok()["user_id"] == anna.user
    for body in (
        login(ADDRESS, "boris's own password"),
        login("nobody@example.org", "anna's own password"),
        login("a\x00@example.org", "anna's own password"),
        login(ADDRESS, "anna's own password", "msisdn"),
    ):
        (await world.call("POST", path, body)).refused(403, "M_FORBIDDEN")
    (await world.call("POST", path, login(None, "x"))).refused(400, "M_MISSING_PARAM")


async def test_guessing_by_address_tells_nobody_from_somebody(world: World) -> None:
    await bound(world, await world.person(ANNA))
    for address in (ADDRESS, "nobody@example.org", "nobody.else@example.org"):
        answers = [await world.call("POST", f"{CLIENT_API}/login", login(address, "wrong")) for _ in range(11)]
        assert [one.status for one in answers] == [403] * 10 + [429]


async def test_closing_an_account_frees_its_addresses(world: World) -> None:
    anna, carla = await world.people(ANNA, CARLA)
    await bound(world, anna)
    (await anna.post("/account/deactivate", {"auth": proof(anna)})).ok()
    await bound(world, carla, secret="carla")


@pytest.mark.settings(registration="open")
async def test_without_mail_everything_is_refused(world: World) -> None:
    anna = await world.person(ANNA)
    for what in ("register", "account/3pid", "account/password"):
        (await ask(world, what)).refused(403, "M_THREEPID_DENIED")
    (await add(anna, "x")).refused(403, "M_FORBIDDEN")
    reset = {"new_password": "a fairly long password"}
    (await world.call("POST", f"{CLIENT_API}/account/password", reset)).refused(403, "M_FORBIDDEN")
    changes = (await anna.get("/capabilities")).ok()["capabilities"]["m.3pid_changes"]
    assert changes == {"enabled": False}
