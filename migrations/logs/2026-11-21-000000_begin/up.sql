-- The built-in log store: a file of its own. Times are milliseconds since the Unix epoch.

-- Actions that have entries.
CREATE TABLE actions (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    -- What its entries take up, about.
    bytes BIGINT NOT NULL,
    -- Of its latest entry.
    last_time BIGINT NOT NULL
);

-- The number of an entry is its action's number * 2^36 + its seq: an action's entries lie side by side in their
-- order, and the same entry cannot be there twice.
CREATE TABLE entries (
    number INTEGER PRIMARY KEY,
    action BIGINT NOT NULL,
    time BIGINT NOT NULL,
    level TEXT NOT NULL,
    target TEXT,
    step TEXT,
    stage TEXT,
    stream TEXT NOT NULL,
    text TEXT NOT NULL,
    outcome TEXT,
    exit_code INTEGER,
    byte_offset BIGINT
);
CREATE INDEX entries_by_target ON entries (action, target, step, number) WHERE target IS NOT NULL;
CREATE INDEX entries_of_the_story ON entries (action, number) WHERE level = 'basic';

-- The index of words. It keeps no text of its own, and no sizes of columns: nothing is ranked.
CREATE VIRTUAL TABLE words USING fts5 (text, content = 'entries', content_rowid = 'number', columnsize = 0);
CREATE TRIGGER entries_into_words AFTER INSERT ON entries BEGIN
    INSERT INTO words (rowid, text) VALUES (new.number, new.text);
END;
CREATE TRIGGER entries_out_of_words AFTER DELETE ON entries BEGIN
    INSERT INTO words (words, rowid, text) VALUES ('delete', old.number, old.text);
END;
