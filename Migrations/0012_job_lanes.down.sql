DROP TABLE step_progress;
DROP SEQUENCE progress_numbers;
DROP INDEX jobs_planned;
ALTER TABLE jobs DROP COLUMN lane;
CREATE INDEX jobs_planned ON jobs (priority DESC, run_after) WHERE state = 'planned';
