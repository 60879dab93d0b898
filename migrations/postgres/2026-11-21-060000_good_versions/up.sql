-- JSON: the versions that were good on the target and were not gone back from, oldest first.
ALTER TABLE inventory ADD COLUMN good_versions TEXT NOT NULL DEFAULT '[]';
-- Whether the action that brought the version COMPLETED, or what it has was restored.
ALTER TABLE inventory ADD COLUMN settled BOOLEAN NOT NULL DEFAULT TRUE;
UPDATE inventory SET good_versions = CASE
    WHEN previous_version IS NULL OR previous_version = version THEN json_build_array(version)::text
    ELSE json_build_array(previous_version, version)::text
END;
ALTER TABLE inventory DROP COLUMN last_good;
