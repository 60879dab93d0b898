ALTER TABLE inventory ADD COLUMN last_good TEXT;
UPDATE inventory SET last_good = good_versions::json ->> -1;
ALTER TABLE inventory DROP COLUMN settled;
ALTER TABLE inventory DROP COLUMN good_versions;
