"""What administrators do is written down where it is done, and holds no secrets. On both engines."""

from tests.cast import ANNA, BORIS, ELENA
from tests.stage.world import World
from veche.commands import accounts, moderation, sessions
from veche.domain.accounts.passwords import PolicyChange
from veche.domain.sessions import OPERATOR
from veche.queries import operation

PASSWORD = "a fairly long password"
NEWEST = 2**53 - 1


async def test_every_act_is_written_down(world: World) -> None:
    elena, ctx = await world.person(ELENA, role="administrator"), world.commands
    anna, boris = await world.people(ANNA, BORIS)
    await accounts.create_account(ctx, elena.asker, "greta", PASSWORD, "user")
    await accounts.reset_password(ctx, elena.asker, anna.user, PASSWORD)
    await accounts.set_role(ctx, elena.asker, anna.user, "administrator", "helps out")
    made = await accounts.make_reset_code(ctx, elena.asker, anna.user, "forgot it")
    await accounts.rename_person(ctx, elena.asker, anna.user, "Anna A.", "married")
    await moderation.restrict(ctx, elena.asker, boris.user, "lock", reason="left")
    await moderation.lift(ctx, elena.asker, boris.user, "lock", reason="came back")
    await moderation.restrict(ctx, elena.asker, boris.user, "suspension")
    await moderation.lift(ctx, elena.asker, boris.user, "suspension")
    await sessions.sign_somebody_out(ctx, elena.asker, boris.user, None, "to be safe")
    await accounts.change_password_policy(ctx, elena.asker, PolicyChange(least_length=8))
    await accounts.deactivate_account(ctx, elena.asker, boris.user, erases=True, reason="left for good")
    acts = (await operation.acts(world.queries, OPERATOR, NEWEST, 100))[::-1]
    greta = "@greta:veche.test"
    assert [(act.what, act.whom, act.reason) for act in acts] == [
        ("create account", greta, ""),
        ("set password", anna.user, ""),
        ("set role", anna.user, "helps out"),
        ("make reset code", anna.user, "forgot it"),
        ("rename", anna.user, "married"),
        ("lock", boris.user, "left"),
        ("unlock", boris.user, "came back"),
        ("suspend", boris.user, ""),
        ("unsuspend", boris.user, ""),
        ("sign out", boris.user, "to be safe"),
        ("change password policy", None, ""),
        ("deactivate", boris.user, "left for good"),
    ]
    assert {act.by for act in acts} == {elena.user}
    assert [act.number for act in acts] == list(range(1, 13))
    told = str(acts)
    assert not [secret for secret in (PASSWORD, made.code, made.code.replace("-", ""), "cheap:") if secret in told]


async def test_what_was_refused_is_not_written_down(world: World) -> None:
    anna = await world.person(ANNA, role="administrator")
    (await anna.put(f"/_veche/v1/accounts/{anna.user}/lock", {})).refused(403, "M_FORBIDDEN")
    (await anna.put(f"/_veche/v1/accounts/{anna.user}/role", {"role": "user"})).refused(403, "M_FORBIDDEN")
    assert await operation.acts(world.queries, OPERATOR, NEWEST, 100) == []


async def test_acts_are_read_in_pages(world: World) -> None:
    boris = await world.person(BORIS)
    for number in range(5):
        await moderation.restrict(world.commands, OPERATOR, boris.user, "lock", reason=str(number))
    page = await operation.acts(world.queries, OPERATOR, NEWEST, 2)
    assert [act.reason for act in page] == ["4", "3"]
    assert [act.reason for act in await operation.acts(world.queries, OPERATOR, page[-1].number, 10)] == ["2", "1", "0"]
