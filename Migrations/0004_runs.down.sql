DROP TABLE outbox, signals, jobs, checkpoints, steps, run_events, runs;
DROP SEQUENCE process_owners;
