"""The one table of all endpoints. Router, OpenAPI document, documentation and tests are made from it."""

from veche.api.http.contract import Endpoint
from veche.api.matrix import (
    account_data,
    accounts,
    applications,
    calls,
    devices,
    directory,
    encryption,
    media,
    notifications,
    operation,
    presence,
    profiles,
    receipts,
    rooms,
    sessions,
    sync,
    timeline,
    typing,
)

ENDPOINTS: tuple[Endpoint, ...] = (
    *account_data.ENDPOINTS,
    *accounts.ENDPOINTS,
    *applications.ENDPOINTS,
    *calls.ENDPOINTS,
    *devices.ENDPOINTS,
    *directory.ENDPOINTS,
    *encryption.ENDPOINTS,
    *media.ENDPOINTS,
    *notifications.ENDPOINTS,
    *operation.ENDPOINTS,
    *presence.ENDPOINTS,
    *profiles.ENDPOINTS,
    *receipts.ENDPOINTS,
    *rooms.ENDPOINTS,
    *sessions.ENDPOINTS,
    *sync.ENDPOINTS,
    *timeline.ENDPOINTS,
    *typing.ENDPOINTS,
)
