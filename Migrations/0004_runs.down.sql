DROP TABLE outbox, signals, jobs, checkpoints, steps, run_events, runs;
DROP FUNCTION require_fence(bigint);
DROP FUNCTION living_owners();
DROP SEQUENCE process_owners;
