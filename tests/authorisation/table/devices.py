"""Devices: everybody's own; what belongs to another is as if it were not there."""

from tests.authorisation.askers import NOBODY, OWNER, SIGNED_IN
from tests.authorisation.rows import Rows, ask, at
from tests.authorisation.table.accounts import proof

_OWN = {f"name of the second device of the {asker}": frozenset((asker,)) for asker in SIGNED_IN}
_PROVEN = {"auth": proof("$me", "$password")}

ROWS: Rows = {
    "GET /v3/devices": (ask("all", shows=_OWN),),
    "GET /v3/devices/{device_id}": (
        ask("one's own", at(device_id="$second"), shows=_OWN),
        ask("the administrator's", at(device_id="$administrators_device"), may=OWNER, refused=404),
    ),
    "PUT /v3/devices/{device_id}": (
        ask("one's own", at(device_id="$second"), body={"display_name": "other"}),
        ask(
            "the administrator's",
            at(device_id="$administrators_device"),
            body={"display_name": "x"},
            may=OWNER,
            refused=404,
        ),
    ),
    "DELETE /v3/devices/{device_id}": (
        ask("without proof", at(device_id="$second"), body={}, may=NOBODY, refused=401),
        ask("one's own", at(device_id="$second"), body=_PROVEN),
        # Deleting what is not there succeeds (section Device Management); it must stay the administrator's, though.
        ask("the administrator's", at(device_id="$administrators_device"), body=_PROVEN),
    ),
    "POST /v3/delete_devices": (
        ask("without proof", body={"devices": ["$second"]}, may=NOBODY, refused=401),
        ask("one's own", body={"devices": ["$second"], **_PROVEN}),
    ),
}
