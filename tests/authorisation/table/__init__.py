"""The authorisation table: one row for each declared endpoint, in one file for each subject."""

from tests.authorisation.rows import Rows
from tests.authorisation.table import (
    account_data,
    accounts,
    devices,
    directory,
    encryption,
    first_steps,
    key_backup,
    media,
    moderation,
    notifications,
    operation,
    profiles,
    rooms,
    sessions,
    state,
    timeline,
)

ROWS: Rows = {
    **account_data.ROWS,
    **accounts.ROWS,
    **devices.ROWS,
    **directory.ROWS,
    **encryption.ROWS,
    **first_steps.ROWS,
    **key_backup.ROWS,
    **media.ROWS,
    **moderation.ROWS,
    **notifications.ROWS,
    **operation.ROWS,
    **profiles.ROWS,
    **rooms.ROWS,
    **sessions.ROWS,
    **state.ROWS,
    **timeline.ROWS,
}
