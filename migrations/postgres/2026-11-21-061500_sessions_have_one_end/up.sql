-- A session ends at a fixed time after the sign-in: when it was last used decides nothing.
ALTER TABLE sessions DROP COLUMN last_seen_at;
