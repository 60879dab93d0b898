-- Times are milliseconds since the Unix epoch; columns named in the comments as JSON hold JSON text.

-- Spaces, environments, projects, scripts and policies. A project's name is `space/name`.
CREATE TABLE configuration (
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    -- JSON
    body TEXT NOT NULL,
    -- What a project refers to, so that nothing it needs is deleted under it.
    space TEXT,
    environment TEXT,
    PRIMARY KEY (kind, name)
);

CREATE TABLE revisions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    -- JSON
    actor TEXT NOT NULL,
    time BIGINT NOT NULL,
    -- JSON
    before TEXT,
    -- JSON
    after TEXT
);
CREATE INDEX revisions_by_object ON revisions (kind, name, id);

CREATE TABLE users (
    name TEXT NOT NULL PRIMARY KEY,
    password_hash TEXT,
    server_admin BOOLEAN NOT NULL,
    -- JSON
    group_names TEXT NOT NULL,
    disabled BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE sessions (
    token_hash TEXT NOT NULL PRIMARY KEY,
    user_name TEXT NOT NULL REFERENCES users (name) ON DELETE CASCADE,
    csrf_token TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL
);
CREATE INDEX sessions_by_user ON sessions (user_name);
CREATE INDEX sessions_by_end ON sessions (expires_at);

CREATE TABLE login_codes (
    code_hash TEXT NOT NULL PRIMARY KEY,
    user_name TEXT NOT NULL REFERENCES users (name) ON DELETE CASCADE,
    expires_at BIGINT NOT NULL
);

CREATE TABLE tokens (
    name TEXT NOT NULL PRIMARY KEY,
    token_hash TEXT NOT NULL UNIQUE,
    space TEXT NOT NULL,
    role TEXT NOT NULL,
    -- JSON
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    revoked_at BIGINT,
    last_used_at BIGINT
);

CREATE TABLE actions (
    id TEXT NOT NULL PRIMARY KEY,
    space TEXT NOT NULL,
    project TEXT NOT NULL,
    environment TEXT NOT NULL,
    action TEXT NOT NULL,
    version TEXT,
    -- JSON
    actor TEXT NOT NULL,
    -- The actor as it is displayed, to filter by.
    actor_name TEXT NOT NULL,
    on_behalf TEXT,
    reason TEXT,
    created_at BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    started_at BIGINT,
    ended_at BIGINT,
    status TEXT NOT NULL,
    -- JSON
    waiting_for TEXT,
    plan_hash TEXT NOT NULL,
    retry_of TEXT,
    queued_behind TEXT,
    correlation_id TEXT,
    traceparent TEXT,
    claimed_by TEXT,
    claimed_until BIGINT
);
CREATE INDEX actions_by_status ON actions (status);
CREATE INDEX actions_by_project ON actions (space, project, id);

-- Frozen with the action; apart from its row, which is small and often written.
CREATE TABLE plans (
    action TEXT NOT NULL PRIMARY KEY REFERENCES actions (id) ON DELETE CASCADE,
    -- JSON
    plan TEXT NOT NULL,
    -- JSON
    config TEXT NOT NULL
);

CREATE TABLE action_targets (
    action TEXT NOT NULL REFERENCES actions (id) ON DELETE CASCADE,
    target TEXT NOT NULL,
    lease_key TEXT NOT NULL,
    PRIMARY KEY (action, target)
);
CREATE INDEX action_targets_by_key ON action_targets (lease_key);

CREATE TABLE events (
    action TEXT NOT NULL REFERENCES actions (id) ON DELETE CASCADE,
    seq BIGINT NOT NULL,
    time BIGINT NOT NULL,
    -- JSON
    event TEXT NOT NULL,
    PRIMARY KEY (action, seq)
);

CREATE TABLE steers (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    action TEXT NOT NULL REFERENCES actions (id) ON DELETE CASCADE,
    -- JSON
    steer TEXT NOT NULL,
    -- JSON
    actor TEXT NOT NULL,
    reason TEXT NOT NULL,
    time BIGINT NOT NULL,
    -- The event it became; null while nobody has read it.
    event_seq BIGINT
);
CREATE INDEX steers_by_action ON steers (action, id);

CREATE TABLE idempotency_keys (
    actor TEXT NOT NULL,
    path TEXT NOT NULL,
    key TEXT NOT NULL,
    body_hash TEXT NOT NULL,
    action TEXT NOT NULL REFERENCES actions (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (actor, path, key)
);
CREATE INDEX idempotency_keys_by_action ON idempotency_keys (action);

CREATE TABLE leases (
    lease_key TEXT NOT NULL PRIMARY KEY,
    action TEXT NOT NULL REFERENCES actions (id) ON DELETE CASCADE,
    target TEXT NOT NULL,
    taken_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX leases_by_action ON leases (action);

-- What runs where. It outlives the actions that brought it.
CREATE TABLE inventory (
    space TEXT NOT NULL,
    project TEXT NOT NULL,
    target TEXT NOT NULL,
    version TEXT NOT NULL,
    since BIGINT NOT NULL,
    action TEXT NOT NULL,
    previous_version TEXT,
    last_good TEXT,
    PRIMARY KEY (space, project, target)
);
