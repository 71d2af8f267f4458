"""The specification's endpoints for administrators, and ours for looking after accounts, as clients see them."""

from typing import Any

import pytest

from tests.cast import ANNA, BORIS, ELENA
from tests.stage.world import CLIENT_API, Person, World
from veche.commands.sessions import note_uses

ADMIN = "/_matrix/client/v1/admin"
OURS = "/_veche/v1"


async def elena_of(world: World) -> Person:
    """The administrator."""
    return await world.person(ELENA, role="administrator")


@pytest.mark.parametrize(("kind", "word", "code"), [("lock", "locked", 401), ("suspend", "suspended", 403)])
async def test_an_administrator_locks_and_suspends(world: World, kind: str, word: str, code: int) -> None:
    elena, anna = await elena_of(world), await world.person(ANNA)
    path = f"{ADMIN}/{kind}/{anna.user}"
    assert (await elena.get(path)).ok() == {word: False}
    for value in (True, True, False, False, True):
        assert (await elena.put(path, {word: value})).ok() == {word: value}
        assert (await elena.get(path)).ok() == {word: value}
    assert (await anna.post("/createRoom")).status == code


@pytest.mark.parametrize("kind", ["lock", "suspend"])
async def test_what_the_specification_refuses(world: World, kind: str) -> None:
    elena, anna = await elena_of(world), await world.person(ANNA, role="administrator")
    boris = await world.person(BORIS)
    (await elena.post(f"{OURS}/accounts/{boris.user}/deactivate")).ok()
    word = {"lock": "locked", "suspend": "suspended"}[kind]
    for user, status, errcode in (
        (elena.user, 403, "M_FORBIDDEN"),
        (anna.user, 403, "M_FORBIDDEN"),
        (boris.user, 404, "M_NOT_FOUND"),
        ("@nobody:veche.test", 404, "M_NOT_FOUND"),
        ("@anna:elsewhere.test", 400, "M_INVALID_PARAM"),
        ("anna", 400, "M_INVALID_PARAM"),
    ):
        (await elena.get(f"{ADMIN}/{kind}/{user}")).refused(status, errcode)
        for value in (True, False):
            (await elena.put(f"{ADMIN}/{kind}/{user}", {word: value})).refused(status, errcode)
    (await elena.put(f"{ADMIN}/{kind}/{anna.user}", {})).refused(400, "M_MISSING_PARAM")
    (await elena.put(f"{ADMIN}/{kind}/{anna.user}", {word: "yes"})).refused(400, "M_BAD_JSON")


async def test_only_administrators_are_told_that_they_can(world: World) -> None:
    elena, anna = await elena_of(world), await world.person(ANNA)
    told = (await elena.get("/capabilities")).ok()["capabilities"]
    assert told["m.account_moderation"] == {"suspend": True, "lock": True}
    assert "m.account_moderation" not in (await anna.get("/capabilities")).ok()["capabilities"]


async def test_who_somebody_is(world: World) -> None:
    elena, anna = await elena_of(world), await world.person(ANNA)
    await world.device(anna.user, "UNUSED")
    (await world.call("GET", f"{CLIENT_API}/account/whoami", token=anna.token, headers={"user-agent": "Phone/1"})).ok()
    await noted(world)
    for asker in (anna, elena):
        told = (await asker.get(f"/admin/whois/{anna.user}")).ok()
        assert (told["user_id"], set(told["devices"])) == (anna.user, {"ANNA", "UNUSED"})
        (session,) = told["devices"]["ANNA"]["sessions"]
        (connection,) = session["connections"]
        assert (connection["ip"], connection["user_agent"]) == ("127.0.0.1", "Phone/1")
        assert connection["last_seen"] > 1_600_000_000_000
        assert told["devices"]["UNUSED"]["sessions"] == [{"connections": []}]
    (await anna.get(f"/admin/whois/{elena.user}")).refused(403, "M_FORBIDDEN")
    (await elena.get("/admin/whois/@nobody:veche.test")).refused(404, "M_NOT_FOUND")


async def test_a_lock_with_reason_and_end(world: World) -> None:
    elena, anna = await elena_of(world), await world.person(ANNA)
    path, end = f"{OURS}/accounts/{anna.user}", world.clock() + 60_000
    (await elena.put(f"{path}/lock", {"reason": "left", "until_ts": end})).ok()
    (await elena.put(f"{path}/suspension", {})).ok()
    shown = (await elena.get(path)).ok()
    assert shown["lock"].pop("since_ts") <= world.clock()
    assert shown["lock"] == {"until_ts": end, "by": elena.user, "reason": "left"}
    assert shown["suspension"]["until_ts"] is None
    assert (await anna.get("/sync")).refused(401, "M_USER_LOCKED") == {
        "errcode": "M_USER_LOCKED",
        "error": "This account has been locked.",
        "soft_logout": True,
    }
    (await elena.delete(f"{path}/lock")).ok()
    (await anna.get("/sync")).ok()
    (await anna.post("/createRoom")).refused(403, "M_USER_SUSPENDED")
    (await elena.delete(f"{path}/suspension", {"reason": "sorry"})).ok()
    (await anna.post("/createRoom")).ok()
    (await elena.put(f"{path}/lock", {"until_ts": 5})).refused(400, "M_INVALID_PARAM")
    (await elena.put(f"{path}/lock", {"reason": "x" * 501})).refused(400, "M_INVALID_PARAM")


async def test_accounts_in_pages(world: World) -> None:
    elena, _ = await elena_of(world), await world.people(ANNA, BORIS)
    (await elena.put(f"{OURS}/accounts/@anna:veche.test/display_name", {"display_name": "Anna A."})).ok()
    first = (await elena.get(f"{OURS}/accounts", limit=2)).ok()
    names = [(one["user_id"], one["role"], one["display_name"]) for one in first["accounts"]]
    assert names == [("@anna:veche.test", "user", "Anna A."), ("@boris:veche.test", "user", None)]
    second = (await elena.get(f"{OURS}/accounts", **{"from": first["next_batch"], "limit": 2})).ok()
    assert [one["user_id"] for one in second["accounts"]] == [elena.user]
    assert "next_batch" not in second


async def test_roles_and_closing(world: World) -> None:
    elena, anna = await elena_of(world), await world.person(ANNA)
    role = f"{OURS}/accounts/{anna.user}/role"
    (await elena.put(role, {"role": "administrator", "reason": "helps out"})).ok()
    (await anna.get(f"{OURS}/audit")).ok()
    (await elena.put(role, {"role": "user"})).ok()
    (await anna.get(f"{OURS}/audit")).refused(403, "M_FORBIDDEN")
    refused = (await elena.put(f"{OURS}/accounts/{elena.user}/role", {"role": "user"})).refused(403, "M_FORBIDDEN")
    assert "last administrator" in refused["error"]
    (await elena.put(role, {"role": "king"})).refused(400, "M_BAD_JSON")
    (await elena.post(f"{OURS}/accounts/{anna.user}/deactivate", {"erase": True, "reason": "left"})).ok()
    (await anna.get("/sync")).refused(401, "M_UNKNOWN_TOKEN")
    acts = (await elena.get(f"{OURS}/audit", limit=1)).ok()
    assert acts["acts"][0] | {"ts": 0} == {
        "number": 3,
        "ts": 0,
        "by": elena.user,
        "what": "deactivate",
        "whom": anna.user,
        "reason": "left",
        "details": {"erases": True},
    }
    rest = (await elena.get(f"{OURS}/audit", **{"from": acts["next_batch"]})).ok()
    assert [act["what"] for act in rest["acts"]] == ["set role", "set role"]
    assert "next_batch" not in rest


async def test_ones_own_sessions_and_somebodys(world: World) -> None:
    elena, anna = await elena_of(world), await world.person(ANNA)
    phone = await world.device(anna.user, "PHONE")
    (await anna.get("/account/whoami")).ok()
    await noted(world)
    own = (await phone.get(f"{OURS}/sessions")).ok()
    assert own["own"] == "PHONE"
    shown = {one["device_id"]: one for one in own["sessions"]}
    assert (shown["ANNA"]["last_seen_ip"], shown["ANNA"]["last_seen_port"]) == ("127.0.0.1", 50_000)
    assert shown["PHONE"]["is_connected"] is False
    path = f"{OURS}/accounts/{anna.user}/sessions"
    theirs = (await elena.get(path)).ok()
    assert (theirs["own"], {one["device_id"] for one in theirs["sessions"]}) == (None, {"ANNA", "PHONE"})
    (await elena.delete(f"{path}/PHONE", {"reason": "lost"})).ok()
    (await phone.get("/sync")).refused(401, "M_UNKNOWN_TOKEN")
    (await elena.delete(f"{path}/PHONE")).refused(404, "M_NOT_FOUND")
    (await elena.delete(path)).ok()
    (await anna.get("/sync")).refused(401, "M_UNKNOWN_TOKEN")


async def test_the_history_of_signing_in(world: World) -> None:
    elena, anna = await elena_of(world), await world.person(ANNA)
    agent = {"user-agent": "Phone/1"}
    for name, password, status in ((ANNA, "no", 403), (ANNA, "anna's own password", 200), ("nobody", "no", 403)):
        body: dict[str, Any] = {"type": "m.login.password", "user": name, "password": password}
        assert (await world.call("POST", f"{CLIENT_API}/login", body, headers=agent)).status == status
    own = (await anna.get(f"{OURS}/sign_ins", limit=1)).ok()
    assert own["sign_ins"][0] | {"ts": 0} == {
        "number": 2,
        "ts": 0,
        "method": "password",
        "outcome": "success",
        "address": "127.0.0.1",
        "port": 50_000,
        "client": "Phone/1",
    }
    older = (await anna.get(f"{OURS}/sign_ins", **{"from": own["next_batch"]})).ok()
    assert [one["outcome"] for one in older["sign_ins"]] == ["wrong password"]
    theirs = (await elena.get(f"{OURS}/accounts/{anna.user}/sign_ins")).ok()
    assert [one["number"] for one in theirs["sign_ins"]] == [2, 1]
    (stranger,) = (await elena.get(f"{OURS}/strangers")).ok()["strangers"]
    assert (stranger["address"], stranger["failures"]) == ("127.0.0.1", 1)


async def test_the_policy_is_for_everybody_to_read(world: World) -> None:
    elena = await elena_of(world)
    path = f"{OURS}/password_policy"
    assert (await world.call("GET", path)).ok() == {
        "least_length": 12,
        "classes": [],
        "forbids_user_name": True,
        "forbids_common": True,
        "forbids_current": True,
        "maximum_age_days": 0,
    }
    changed = (await elena.put(path, {"least_length": 8, "classes": ["digit"]})).ok()
    assert (await world.call("GET", path)).ok() == changed
    for body in ({"least_length": 0}, {"maximum_age_days": -1}):
        (await elena.put(path, body)).refused(400, "M_INVALID_PARAM")
    for wrong in ({"classes": ["emoji"]}, {"least_length": "8"}):
        (await elena.put(path, wrong)).refused(400, "M_BAD_JSON")
    person = {"username": "greta", "password": "no number", "auth": {"type": "m.login.dummy"}}
    weak = (await world.call("POST", f"{CLIENT_API}/register", person)).refused(400, "M_WEAK_PASSWORD")
    assert (weak["org.veche.field"], weak["org.veche.missing"]) == ("classes", ["digit"])


async def test_a_code_for_a_forgotten_password(world: World) -> None:
    elena, anna = await elena_of(world), await world.person(ANNA)
    made = (await elena.post(f"{OURS}/accounts/{anna.user}/reset_code", {"reason": "forgot it"})).ok()
    path, password = f"{OURS}/accounts/reset", "a fairly long password"
    body = {"user": "anna", "code": made["code"], "new_password": password}
    for wrong in ({**body, "user": "nobody"}, {**body, "code": "nonsense"}):
        (await world.call("POST", path, wrong)).refused(403, "M_FORBIDDEN")
    weak = (await world.call("POST", path, {**body, "new_password": "short"})).refused(400, "M_WEAK_PASSWORD")
    assert weak["org.veche.field"] == "least_length"
    assert (await world.call("POST", path, body)).ok() == {}
    (await anna.get("/sync")).refused(401, "M_UNKNOWN_TOKEN")
    signing_in = {"type": "m.login.password", "user": "anna", "password": password}
    (await world.call("POST", f"{CLIENT_API}/login", signing_in)).ok()
    (await world.call("POST", path, body)).refused(403, "M_FORBIDDEN")
    (await world.call("POST", path, {"user": "anna"})).refused(400, "M_MISSING_PARAM")


async def noted(world: World) -> None:
    """Let the uses of devices be written down."""
    await note_uses(world.commands)
