REVOKE UPDATE (run_after) ON jobs FROM persona_dispatch;
REVOKE SELECT (given_up, asks, applied) ON jobs FROM persona_dispatch;
ALTER TABLE jobs DROP COLUMN asks, DROP COLUMN given_up;
DROP INDEX jobs_in_doubt;
