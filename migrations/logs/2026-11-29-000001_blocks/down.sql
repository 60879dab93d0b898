DELETE FROM blocks;
INSERT INTO blocks (number, first_time, last_time, indexed)
    SELECT number / 256, min(time), max(time), 0 FROM entries GROUP BY number / 256;
DROP TABLE words;
CREATE VIRTUAL TABLE words USING fts5 (text, content = '', contentless_delete = 1, detail = none, tokenize = 'ascii');
