-- Versions that were rolled back, and who let them be tried again. The records outlive their actions and projects.
CREATE TABLE quarantine (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    space TEXT NOT NULL,
    project TEXT NOT NULL,
    environment TEXT NOT NULL,
    version TEXT NOT NULL,
    since BIGINT NOT NULL,
    -- Which action found it bad, who had asked for that, and why it was so, in words.
    action TEXT NOT NULL,
    actor TEXT NOT NULL,
    why TEXT NOT NULL,
    -- Null while nobody has lifted it.
    lifted_at BIGINT,
    lifted_by TEXT,
    lifted_reason TEXT,
    UNIQUE (space, project, environment, version, action)
);
