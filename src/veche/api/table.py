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
    moderation,
    notifications,
    operation,
    presence,
    profiles,
    receipts,
    rooms,
    search,
    sessions,
    sync,
    timeline,
    typing,
)
from veche.api.veche import accounts as our_accounts
from veche.api.veche import media as our_media
from veche.api.veche import moderation as our_moderation
from veche.api.veche import operation as our_operation
from veche.api.veche import sessions as our_sessions
from veche.api.web import accounts as web_accounts
from veche.api.web import letters as web_letters
from veche.api.web import media as web_media
from veche.api.web import sessions as web_sessions

ENDPOINTS: tuple[Endpoint, ...] = (
    *account_data.ENDPOINTS,
    *accounts.ENDPOINTS,
    *applications.ENDPOINTS,
    *calls.ENDPOINTS,
    *devices.ENDPOINTS,
    *directory.ENDPOINTS,
    *encryption.ENDPOINTS,
    *media.ENDPOINTS,
    *moderation.ENDPOINTS,
    *notifications.ENDPOINTS,
    *operation.ENDPOINTS,
    *our_accounts.ENDPOINTS,
    *our_media.ENDPOINTS,
    *our_moderation.ENDPOINTS,
    *our_operation.ENDPOINTS,
    *our_sessions.ENDPOINTS,
    *presence.ENDPOINTS,
    *profiles.ENDPOINTS,
    *receipts.ENDPOINTS,
    *rooms.ENDPOINTS,
    *search.ENDPOINTS,
    *sessions.ENDPOINTS,
    *sync.ENDPOINTS,
    *timeline.ENDPOINTS,
    *typing.ENDPOINTS,
    *web_accounts.ENDPOINTS,
    *web_letters.ENDPOINTS,
    *web_media.ENDPOINTS,
    *web_sessions.ENDPOINTS,
)
