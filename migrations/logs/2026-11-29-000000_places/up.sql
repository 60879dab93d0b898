-- Words are indexed by block instead of by entry: 256 numbers of an action that follow each other are a block.

DROP TRIGGER entries_into_words;
DROP TRIGGER entries_out_of_words;
DROP TABLE words;
DROP INDEX entries_by_target;
DROP INDEX entries_of_the_story;
ALTER TABLE entries RENAME TO entries_before;

-- Whose the action is, as JSON; none of one whose entries an older Edgewise wrote.
ALTER TABLE actions ADD COLUMN context TEXT;

-- What many entries of an action have in common.
CREATE TABLE places (
    number INTEGER PRIMARY KEY,
    action BIGINT NOT NULL,
    target TEXT,
    step TEXT,
    stage TEXT,
    attempt INTEGER,
    address TEXT,
    port INTEGER
);
CREATE INDEX places_of_actions ON places (action, target, step);

CREATE TABLE entries (
    number INTEGER PRIMARY KEY,
    time BIGINT NOT NULL,
    -- None of one that is about the action itself.
    place BIGINT,
    level TEXT NOT NULL,
    stream TEXT NOT NULL,
    text TEXT NOT NULL,
    outcome TEXT,
    exit_code INTEGER,
    byte_offset BIGINT,
    line BIGINT,
    -- What few entries have, as JSON.
    more TEXT
);

INSERT INTO places (action, target, step, stage)
    SELECT DISTINCT action, target, step, stage FROM entries_before
    WHERE target IS NOT NULL OR step IS NOT NULL OR stage IS NOT NULL;
INSERT INTO entries (number, time, place, level, stream, text, outcome, exit_code, byte_offset)
    SELECT e.number, e.time,
        (SELECT p.number FROM places p
         WHERE p.action = e.action AND p.target IS e.target AND p.step IS e.step AND p.stage IS e.stage),
        e.level, e.stream, e.text, e.outcome, e.exit_code, e.byte_offset
    FROM entries_before e ORDER BY e.number;
DROP TABLE entries_before;

CREATE INDEX entries_by_place ON entries (place) WHERE place IS NOT NULL;
CREATE INDEX entries_of_the_story ON entries (number) WHERE level = 'basic';
CREATE INDEX entries_with_outcome ON entries (number) WHERE outcome IS NOT NULL;

-- The number of a block is that of any of its entries / 256.
CREATE TABLE blocks (
    number INTEGER PRIMARY KEY,
    -- Of its entries: the earliest and the latest.
    first_time BIGINT NOT NULL,
    last_time BIGINT NOT NULL,
    -- 1 where `words` has all words of all its entries.
    indexed INTEGER NOT NULL
);
CREATE INDEX blocks_to_index ON blocks (number) WHERE indexed = 0;
INSERT INTO blocks (number, first_time, last_time, indexed)
    SELECT number / 256, min(time), max(time), 0 FROM entries GROUP BY number / 256;

-- Which blocks have a word at all; in which entry of it, the entries themselves say. Words come in here already taken
-- apart and folded.
CREATE VIRTUAL TABLE words USING fts5 (text, content = '', contentless_delete = 1, detail = none, tokenize = 'ascii');
