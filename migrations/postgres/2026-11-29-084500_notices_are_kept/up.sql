-- A notice that was taken stays as well, until its action is forgotten: the action's page shows what became of it.
ALTER TABLE notices ADD COLUMN taken_at BIGINT;
-- What waits is looked for all the time, among ever more that does not.
DROP INDEX notices_by_due;
CREATE INDEX notices_by_due ON notices (due_at) WHERE taken_at IS NULL AND given_up_at IS NULL;
