ALTER TABLE actions DROP COLUMN secrets_mark;
