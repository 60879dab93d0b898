-- The outbox: what is to be told of actions, until it was taken or given up.
CREATE TABLE notices (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    action TEXT NOT NULL REFERENCES actions (id) ON DELETE CASCADE,
    -- JSON: who is to get it; secrets are references.
    receiver TEXT NOT NULL,
    -- JSON
    notice TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    -- When it may be sent next. Whoever sends it moves this on, so that another sends it where that one died.
    due_at BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    last_error TEXT,
    -- It was not taken in time; nobody tries any more.
    given_up_at BIGINT
);
CREATE INDEX notices_by_order ON notices (action, receiver, id);
CREATE INDEX notices_by_due ON notices (due_at);
