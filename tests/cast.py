"""Who plays in the tests. Names only: the stage gives them accounts."""

from veche.domain.ids import UserId, user_id

SERVER = "veche.test"
PASSWORD = "correct horse battery staple"

ANNA = "anna"  # founds rooms
BORIS = "boris"  # is invited and joins
CARLA = "carla"  # joins later, or moderates
DMITRI = "dmitri"  # must not receive anything
ELENA = "elena"  # an administrator
FARID = "farid"  # has two devices

EVERYBODY = (ANNA, BORIS, CARLA, DMITRI, ELENA, FARID)


def id_of(name: str) -> UserId:
    """Return the user id of somebody in the cast."""
    return user_id(name, SERVER)
