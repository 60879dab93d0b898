-- A block is 64 numbers instead of 256 from here on: docs/decisions/embedded-log.md has the measurement.
DELETE FROM blocks;
INSERT INTO blocks (number, first_time, last_time, indexed)
    SELECT number / 64, min(time), max(time), 0 FROM entries GROUP BY number / 64;
DROP TABLE words;
CREATE VIRTUAL TABLE words USING fts5 (text, content = '', contentless_delete = 1, detail = none, tokenize = 'ascii');
