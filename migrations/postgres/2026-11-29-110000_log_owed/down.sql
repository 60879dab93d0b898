DROP INDEX actions_with_a_log_owed;
ALTER TABLE actions DROP COLUMN log_owed_from;
