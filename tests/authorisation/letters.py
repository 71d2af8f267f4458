"""The member has a mail address, and a proof of another that is not used yet: whose they are, nobody else learns."""

from tests.authorisation.askers import MEMBER, SERVER_ADMINISTRATOR
from tests.authorisation.scene import Scene
from tests.stage.world import World
from veche.domain.accounts.addresses import HOUR_MS, Address, Proof
from veche.domain.sessions import digest_of
from veche.storage.accounts import addresses, proofs
from veche.storage.writer import Transaction

FOR_EVER = 10**6 * HOUR_MS


async def plant_addresses(scene: Scene, world: World) -> None:
    """Plant both."""
    member, now = scene.people[MEMBER].user, world.clock()
    local = scene.canaries.plant("address of the member", frozenset((MEMBER, SERVER_ADMINISTRATOR)))
    other = scene.canaries.plant("address under proof", frozenset())
    secret = scene.canaries.plant("secret of a proof", frozenset())
    scene.names["member"] = member
    scene.names["address"] = f"{local}@example.org"
    scene.names["sid"] = "sid-of-the-member"
    proof = Proof(
        sid=scene.names["sid"],
        purpose="add",
        address=f"{other}@example.org",
        secret_digest=digest_of(secret),
        send_attempt=1,
        next_link="",
        asked_from="10.0.0.1",
        created_ts=now,
        expires_ts=now + FOR_EVER,
        proven_ts=now,
    )

    def work(tx: Transaction) -> None:
        addresses.add(tx, Address(scene.names["address"], member, now, now))
        proofs.add(tx, proof)

    await world.commands.writer.run(work)
