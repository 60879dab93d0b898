DROP TABLE words;
DROP TABLE entries;
DROP TABLE actions;
