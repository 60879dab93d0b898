DROP INDEX notices_by_due;
CREATE INDEX notices_by_due ON notices (due_at);
DELETE FROM notices WHERE taken_at IS NOT NULL;
ALTER TABLE notices DROP COLUMN taken_at;
