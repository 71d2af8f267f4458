-- ``joined_until`` is the event that ended somebody's last stay in a room, if one has ended: an invitation that is
-- turned down later leaves it as it is.
ALTER TABLE memberships ADD COLUMN joined_until BIGINT;
