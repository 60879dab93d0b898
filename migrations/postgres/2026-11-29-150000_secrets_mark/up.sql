-- By what the values of an action's secrets are known again, and from which none of them can be had. A server that goes on with the
-- action with other values cannot hide those of before.
ALTER TABLE actions ADD COLUMN secrets_mark TEXT;
