"""Files that the specification's own files point at and that do not lie beside them, said again in our words.

They belong to the interfaces of application services and of identity servers; a client sees these fields of them.
"""

from typing import Any

Schema = dict[str, Any]
_TEXT: Schema = {"type": "string"}
_OBJECT: Schema = {"type": "object"}


def _record(required: list[str], **fields: Schema) -> Schema:
    return {"type": "object", "properties": fields, "required": required}


def _list_of(name: str, pattern: str) -> Schema:
    """Places or people of another network."""
    fields = {name: {**_TEXT, "pattern": pattern}, "protocol": _TEXT, "fields": _OBJECT}
    return {"type": "array", "items": _record(list(fields), **fields)}


def _proof_of(*names: str) -> Schema:
    """The request for a mail or a message that proves an address."""
    fields = {"client_secret": {**_TEXT, "pattern": "^[0-9a-zA-Z.=_-]{1,255}$"}, **dict.fromkeys(names, _TEXT)}
    return _record([*fields, "send_attempt"], **fields, send_attempt={"type": "integer"}, next_link=_TEXT)


ABSENT: dict[str, Schema] = {
    "api/application-service/definitions/location_batch.yaml": _list_of("alias", "^#"),
    "api/application-service/definitions/user_batch.yaml": _list_of("userid", "^@"),
    "api/application-service/definitions/protocol_base.yaml": _record(
        ["user_fields", "location_fields", "icon", "field_types"],
        user_fields={"type": "array", "items": _TEXT},
        location_fields={"type": "array", "items": _TEXT},
        icon=_TEXT,
        field_types={
            "type": "object",
            "additionalProperties": _record(["regexp", "placeholder"], regexp=_TEXT, placeholder=_TEXT),
        },
    ),
    "api/application-service/definitions/protocol_instance.yaml": _record(
        ["desc", "fields", "network_id"], desc=_TEXT, icon=_TEXT, fields=_OBJECT, network_id=_TEXT
    ),
    "api/identity/definitions/request_email_validation.yaml": _proof_of("email"),
    "api/identity/definitions/request_msisdn_validation.yaml": _proof_of("country", "phone_number"),
}
