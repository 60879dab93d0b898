DROP TABLE words;
DROP TABLE blocks;
ALTER TABLE entries RENAME TO entries_after;
DROP INDEX entries_by_place;
DROP INDEX entries_of_the_story;
DROP INDEX entries_with_outcome;
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
INSERT INTO entries
    SELECT e.number, e.number / 68719476736, e.time, e.level, p.target, p.step, p.stage, e.stream, e.text, e.outcome,
        e.exit_code, e.byte_offset
    FROM entries_after e LEFT JOIN places p ON p.number = e.place;
DROP TABLE entries_after;
DROP TABLE places;
ALTER TABLE actions DROP COLUMN context;
CREATE INDEX entries_by_target ON entries (action, target, step, number) WHERE target IS NOT NULL;
CREATE INDEX entries_of_the_story ON entries (action, number) WHERE level = 'basic';
CREATE VIRTUAL TABLE words USING fts5 (text, content = 'entries', content_rowid = 'number', columnsize = 0);
CREATE TRIGGER entries_into_words AFTER INSERT ON entries BEGIN
    INSERT INTO words (rowid, text) VALUES (new.number, new.text);
END;
CREATE TRIGGER entries_out_of_words AFTER DELETE ON entries BEGIN
    INSERT INTO words (words, rowid, text) VALUES ('delete', old.number, old.text);
END;
INSERT INTO words (words) VALUES ('rebuild');
