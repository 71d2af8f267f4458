"""Devices: listing, naming and deleting one's own."""

from typing import Any

import msgspec

from veche.api.http.contract import Door, Empty, Endpoint
from veche.commands import devices as commands
from veche.domain.devices import Device
from veche.domain.ids import DeviceId
from veche.domain.sessions import Asker
from veche.queries import devices as queries


class Devices(msgspec.Struct, frozen=True):
    """``GET /devices``."""

    devices: list[Device]


class OneDevice(msgspec.Struct, frozen=True):
    """``GET /devices/{deviceId}``."""

    device_id: DeviceId


class RenameBody(msgspec.Struct, frozen=True):
    """Body of ``PUT /devices/{deviceId}``."""

    display_name: str | None = None


class Rename(msgspec.Struct, frozen=True):
    """``PUT /devices/{deviceId}``."""

    device_id: DeviceId
    body: RenameBody


class DeleteBody(msgspec.Struct, frozen=True):
    """Body of ``DELETE /devices/{deviceId}``."""

    auth: dict[str, Any] | None = None


class Delete(msgspec.Struct, frozen=True):
    """``DELETE /devices/{deviceId}``."""

    device_id: DeviceId
    body: DeleteBody


class DeleteManyBody(msgspec.Struct, frozen=True):
    """Body of ``POST /delete_devices``."""

    devices: list[DeviceId]
    auth: dict[str, Any] | None = None


class DeleteMany(msgspec.Struct, frozen=True):
    """``POST /delete_devices``."""

    body: DeleteManyBody


async def own_devices(door: Door, asker: Asker, request: Empty) -> Devices:
    """List the asker's devices (section Device Management)."""
    return Devices(await queries.own_devices(door.queries, asker))


async def own_device(door: Door, asker: Asker, request: OneDevice) -> Device:
    """Show one of the asker's devices."""
    return await queries.own_device(door.queries, asker, request.device_id)


async def rename(door: Door, asker: Asker, request: Rename) -> Empty:
    """Give a device another name."""
    await commands.rename_device(door.commands, asker, request.device_id, request.body.display_name)
    return Empty()


async def delete(door: Door, asker: Asker, request: Delete) -> Empty:
    """Delete a device, after the password has been proven."""
    await commands.delete_devices(door.commands, asker, [request.device_id], request.body.auth)
    return Empty()


async def delete_many(door: Door, asker: Asker, request: DeleteMany) -> Empty:
    """Delete several devices, after the password has been proven."""
    await commands.delete_devices(door.commands, asker, request.body.devices, request.body.auth)
    return Empty()


_ALL = "/_matrix/client/v3/devices"
_ONE = f"{_ALL}/{{device_id}}"

ENDPOINTS = (
    Endpoint("GET", _ALL, "user", "read", Empty, Devices, own_devices),
    Endpoint("GET", _ONE, "user", "read", OneDevice, Device, own_device),
    Endpoint("PUT", _ONE, "user", "write", Rename, Empty, rename),
    Endpoint("DELETE", _ONE, "user", "write", Delete, Empty, delete, body_optional=True),
    Endpoint("POST", "/_matrix/client/v3/delete_devices", "user", "write", DeleteMany, Empty, delete_many),
)
