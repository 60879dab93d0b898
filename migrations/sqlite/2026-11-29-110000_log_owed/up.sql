-- After which number the log may lack what was said of the action: of one that ended, until the end of its story is
-- written; of one under way, until the output that a dead server had not written yet was read again. None where nothing is owed.
ALTER TABLE actions ADD COLUMN log_owed_from BIGINT;
-- It is looked for all the time, and nearly nobody has it.
CREATE INDEX actions_with_a_log_owed ON actions (id) WHERE log_owed_from IS NOT NULL;
