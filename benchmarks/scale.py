"""How large each question is. A smoke run asks smaller ones; a peer that would take hours is asked smaller ones too."""

import msgspec


class Scale(msgspec.Struct, frozen=True):
    """Counts of people, rooms and repetitions, and seconds of each load."""

    seconds: float = 6.0
    warm: float = 1.5
    members: int = 100
    large: int = 1000
    senders: int = 20
    rooms: int = 200
    pairs: int = 100
    office_rooms: int = 50
    office_members: int = 100
    newcomers: int = 4
    first_syncs: int = 30
    history: int = 1000
    pagings: int = 10
    idle: int = 1000
    starts: int = 5
    latency_seconds: float = 30.0
    morning_seconds: float = 60.0
    photographs: int = 60
    handshakes: int = 1000
    large_file: int = 2**30
    transfers: int = 3
    backup_messages: int = 200_000
    acquaintances: int = 5_000
    space_rooms: int = 200
    searched_messages: int = 200_000
    searched_rooms: int = 500


FULL = Scale()
LARGE = msgspec.structs.replace(FULL, searched_messages=1_000_000, backup_messages=1_000_000)
PEER = Scale(seconds=12.0, warm=3.0, large=500, rooms=200, idle=500, first_syncs=15)
SHORT = Scale(
    seconds=1.0,
    warm=0.3,
    members=30,
    large=60,
    senders=5,
    rooms=10,
    pairs=10,
    office_rooms=4,
    office_members=20,
    newcomers=2,
    first_syncs=5,
    history=200,
    pagings=2,
    idle=60,
    starts=2,
    latency_seconds=3.0,
    morning_seconds=3.0,
    photographs=8,
    handshakes=40,
    large_file=2**26,
    transfers=1,
    backup_messages=5_000,
    acquaintances=400,
    space_rooms=20,
    searched_messages=8_000,
    searched_rooms=40,
)
